import type { monaco as Monaco } from './monaco.ts';

/** The colours of the page as Monaco wants them: `#rrggbb`, worked out by the browser from the style sheet. */
function colorsOf(element: HTMLElement, names: readonly string[]): Record<string, string> {
  const canvas = document.createElement('canvas').getContext('2d')!;
  const probe = element.appendChild(document.createElement('span'));
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    canvas.fillStyle = getComputedStyle(probe).color;
    return [name, String(canvas.fillStyle)] as const;
  });
  probe.remove();
  return Object.fromEntries(found);
}

const NAMES = ['paper', 'panel', 'rule', 'ink', 'soft', 'faint', 'accent', 'hit', 'accent-wash'] as const;

/** Makes Monaco look like the page around it. */
export function applyTheme(monaco: typeof Monaco, element: HTMLElement): void {
  const color = colorsOf(element, NAMES) as Record<(typeof NAMES)[number], string>;
  const bare = (text: string): string => text.replace('#', '');
  const isDark = parseInt(color.paper.slice(1, 3), 16) < 128;
  monaco.editor.defineTheme('filterchain', {
    base: isDark ? 'vs-dark' : 'vs',
    inherit: true,
    rules: [
      { token: '', foreground: bare(color.ink) },
      { token: 'type', foreground: bare(color.accent) },
      { token: 'string', foreground: bare(color.hit) },
      { token: 'string.yaml', foreground: bare(color.hit) },
      { token: 'number', foreground: bare(color.hit) },
      { token: 'keyword', foreground: bare(color.hit) },
      { token: 'comment', foreground: bare(color.faint) },
      { token: 'operators', foreground: bare(color.ink) },
      { token: 'delimiter', foreground: bare(color.ink) },
    ],
    colors: {
      'editor.background': color.paper,
      'editor.foreground': color.ink,
      'editorLineNumber.foreground': color.faint,
      'editorLineNumber.activeForeground': color.ink,
      'editor.lineHighlightBorder': color.rule,
      'editorWidget.background': color.panel,
      'editorWidget.border': color.rule,
      'editorSuggestWidget.selectedBackground': color['accent-wash'],
      'editorSuggestWidget.selectedForeground': color.ink,
      'editorSuggestWidget.foreground': color.ink,
      'editorSuggestWidget.highlightForeground': color.accent,
      'editorSuggestWidget.focusHighlightForeground': color.accent,
      'editorHoverWidget.background': color.panel,
      'editorHoverWidget.border': color.rule,
      focusBorder: color.accent,
    },
  });
  monaco.editor.setTheme('filterchain');
}
