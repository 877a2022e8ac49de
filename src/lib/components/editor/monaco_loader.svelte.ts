import type { monaco as Monaco } from './monaco.ts';

interface Place {
  readonly start: number;
  readonly end: number;
  readonly scrollTop: number;
  readonly hasFocus: boolean;
}

/** A quiet time after the page has its first answer, in which nobody waits for anything. */
const IDLE_MS = 4_000;
const NARROW = '(max-width: 760px)';

/** Brings Monaco when the reader goes to the configuration, or when the page is idle; never on a narrow page. */
export class MonacoLoader {
  monaco = $state.raw<typeof Monaco>();
  at: Place = { start: 0, end: 0, scrollTop: 0, hasFocus: false };
  #isAsked = false;
  readonly #place: () => Place;

  constructor(place: () => Place) {
    this.#place = place;
  }

  whenIdle(): () => void {
    const timer = setTimeout(() => {
      if ('requestIdleCallback' in globalThis) requestIdleCallback(() => this.load());
      else this.load();
    }, IDLE_MS);
    return () => clearTimeout(timer);
  }

  load(): void {
    if (this.#isAsked || matchMedia(NARROW).matches) return;
    this.#isAsked = true;
    import('./monaco.ts').then(
      ({ monaco }) => {
        this.at = this.#place();
        this.monaco = monaco;
      },
      () => {
        // Offline before it was kept, or too old a browser: the plain editor stays, and a later touch tries again.
        this.#isAsked = false;
      },
    );
  }
}
