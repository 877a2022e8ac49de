/** What a tab tells the others of the same lab. */
interface Word {
  readonly tab: string;
  readonly kind: 'opened' | 'here' | 'saved';
}

/** Hears of other tabs in which the same lab is open: two that save would undo each other's work. */
export class OtherTabs {
  readonly #channel: BroadcastChannel | undefined;
  readonly #tab = Math.random().toString(36).slice(2);

  constructor(slug: string, heard: (kind: 'open' | 'saved') => void) {
    if (typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(`lab/${slug}`);
    this.#channel.onmessage = ({ data }: MessageEvent<Word>) => {
      if (data.tab === this.#tab) return;
      if (data.kind === 'opened') this.#say('here');
      heard(data.kind === 'saved' ? 'saved' : 'open');
    };
    this.#say('opened');
  }

  saved(): void {
    this.#say('saved');
  }

  close(): void {
    this.#channel?.close();
  }

  #say(kind: Word['kind']): void {
    this.#channel?.postMessage({ tab: this.#tab, kind } satisfies Word);
  }
}
