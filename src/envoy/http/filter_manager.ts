import type { ConfigNode } from '../config_node.ts';
import type { HttpResponse } from '../seams.ts';
import type { Trace } from '../trace.ts';
import type { HttpFilter } from './filter.ts';

interface ActiveFilter {
  readonly name: string;
  readonly node: ConfigNode;
  readonly filter: HttpFilter;
}

/** Takes a request through the filters in order, and the response back in reverse: http/filter_manager.cc. */
export class FilterManager {
  readonly #filters: readonly ActiveFilter[];
  readonly #terminal: () => void;
  readonly #trace: Trace | undefined;
  #next = 0;
  #isPaused = false;
  #isOver = false;

  constructor(filters: readonly ActiveFilter[], terminal: () => void, trace: Trace | undefined) {
    this.#filters = filters;
    this.#terminal = terminal;
    this.#trace = trace;
  }

  decode(): void {
    this.#isPaused = false;
    while (!this.#isOver) {
      const active = this.#filters[this.#next++];
      if (!active) return this.#terminal();
      this.#trace?.record({
        kind: 'filter_called',
        state: 'info',
        because: active.node.ref,
        sentence: `\`${active.name}\` sees the request.`,
      });
      if ((active.filter.decode?.() ?? 'continue') === 'continue') continue;
      this.#isPaused = true;
      if (!this.#isOver)
        this.#trace?.record({
          kind: 'filter_paused',
          state: 'info',
          because: active.node.ref,
          sentence: `\`${active.name}\` holds the request.`,
        });
      return;
    }
  }

  /** Goes on behind the filter that waited. */
  continueDecoding(): void {
    if (this.#isPaused && !this.#isOver) this.decode();
  }

  encode(response: HttpResponse): HttpResponse {
    this.#isOver = true;
    return this.#filters.toReversed().reduce((now, { filter }) => filter.encode?.(now) ?? now, response);
  }

  destroy(): void {
    this.#isOver = true;
    for (const { filter } of this.#filters) filter.onDestroy?.();
  }
}
