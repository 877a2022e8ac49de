const KEY = 'filterchain/view';
const THEMES = ['auto', 'light', 'dark'] as const;

export type Theme = (typeof THEMES)[number];
type Pane = 'lesson' | 'editor';

/** How the reader likes to see the page: theme and sizes of panes. `static/early.js` reads it before the first paint. */
export class View {
  theme = $state<Theme>('auto');
  /** In percent of the space that is shared; undefined: as the style sheet has it. */
  sizes = $state<Partial<Record<Pane, number>>>({});

  /** Reads what was kept. */
  open(): void {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as { theme?: Theme } & Partial<Record<Pane, number>>;
      if (kept.theme && THEMES.includes(kept.theme)) this.theme = kept.theme;
      this.sizes = { lesson: kept.lesson, editor: kept.editor };
    } catch {
      return;
    }
  }

  nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length]!;
    if (this.theme === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.theme;
    this.#keep();
  }

  resize(pane: Pane, percent: number): void {
    const size = Math.round(Math.max(0, Math.min(100, percent)) * 10) / 10;
    this.sizes = { ...this.sizes, [pane]: size };
    document.documentElement.style.setProperty(`--${pane}`, `${size}%`);
    this.#keep();
  }

  #keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify({ theme: this.theme, ...this.sizes }));
    } catch {
      // The view is a convenience: without storage it is chosen anew each time.
    }
  }
}
