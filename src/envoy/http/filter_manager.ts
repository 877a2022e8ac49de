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
  #isDecoded = false;
  #isOver = false;
  /** Which response is on its way back: a local reply takes the place of one that a filter holds. */
  #responses = 0;
  /** The filter that holds the response, and what comes behind them all. */
  #held: { at: number; response: number; done: (response: HttpResponse) => void } | undefined;

  constructor(filters: readonly ActiveFilter[], terminal: () => void, trace: Trace | undefined) {
    this.#filters = filters;
    this.#terminal = terminal;
    this.#trace = trace;
  }

  decode(): void {
    this.#isPaused = false;
    while (!this.#isDecoded) {
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
      if (!this.#isDecoded) this.#tellHeld(active, 'request');
      return;
    }
  }

  /** Goes on behind the filter that waited. */
  continueDecoding(): void {
    if (!this.#isPaused || this.#isDecoded) return;
    if (this.#filters[this.#next - 1]?.filter.resumeDecoding?.() === 'stop_iteration') return;
    if (!this.#isDecoded) this.decode();
  }

  /** Calls back once every filter has let the response pass: at once, unless one holds it. */
  encode(response: HttpResponse, done: (response: HttpResponse) => void): void {
    this.#isDecoded = true;
    this.#held = undefined;
    this.#encodeFrom(this.#filters.length - 1, response, ++this.#responses, done);
  }

  /** Goes on with the response that a filter held. */
  continueEncoding(response: HttpResponse): void {
    const held = this.#held;
    if (!held || this.#isOver) return;
    const next = this.#filters[held.at]!.filter.resumeEncoding?.(response) ?? response;
    if (next === 'stop_iteration' || this.#held !== held) return;
    this.#held = undefined;
    this.#encodeFrom(held.at - 1, next, held.response, held.done);
  }

  #encodeFrom(first: number, response: HttpResponse, number: number, done: (response: HttpResponse) => void): void {
    let now = response;
    for (let at = first; at >= 0; at--) {
      const active = this.#filters[at]!;
      const answer = active.filter.encode?.(now) ?? now;
      // The filter has answered by itself: that reply took this one's place.
      if (number !== this.#responses || this.#isOver) return;
      if (answer === 'stop_iteration') {
        this.#held = { at, response: number, done };
        return this.#tellHeld(active, 'response');
      }
      now = answer;
    }
    done(now);
  }

  #tellHeld({ name, node }: ActiveFilter, what: 'request' | 'response'): void {
    this.#trace?.record({
      kind: 'filter_paused',
      state: 'info',
      because: node.ref,
      sentence: `\`${name}\` holds the ${what}.`,
    });
  }

  destroy(): void {
    this.#isDecoded = true;
    this.#isOver = true;
    for (const { filter } of this.#filters) filter.onDestroy?.();
  }
}
