export interface Notice {
  readonly id: number;
  readonly tone: 'plain' | 'bad';
  readonly text: string;
  readonly actions: readonly { readonly label: string; run(): void }[];
}

/** Words to the reader that stay until they are read: each has its own key, so that it is said once. */
export class Notices {
  all = $state.raw<readonly (Notice & { readonly key: string })[]>([]);
  #lastId = 0;

  say(key: string, text: string, options: { tone?: Notice['tone']; actions?: Notice['actions'] } = {}): void {
    const notice = { id: ++this.#lastId, key, text, tone: options.tone ?? 'plain', actions: options.actions ?? [] };
    this.all = [...this.all.filter((one) => one.key !== key), notice];
  }

  drop(key: string): void {
    if (this.all.some((one) => one.key === key)) this.all = this.all.filter((one) => one.key !== key);
  }
}
