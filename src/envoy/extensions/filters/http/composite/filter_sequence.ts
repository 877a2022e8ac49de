import type { FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HttpResponse } from '../../../../seams.ts';

/** Several filters in the place of one: each has its turn, and one that waits holds up those behind it. */
export class FilterSequence implements HttpFilter {
  readonly #filters: readonly HttpFilter[];
  #next = 0;
  #left: number;

  constructor(filters: readonly HttpFilter[]) {
    this.#filters = filters;
    this.#left = filters.length;
  }

  decode(): FilterStatus {
    for (let filter = this.#filters[this.#next++]; filter; filter = this.#filters[this.#next++])
      if (filter.decode?.() === 'stop_iteration') return 'stop_iteration';
    return 'continue';
  }

  resumeDecoding(): FilterStatus {
    return this.decode();
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    this.#left = this.#filters.length;
    return this.resumeEncoding(response);
  }

  resumeEncoding(response: HttpResponse): HttpResponse | 'stop_iteration' {
    let now = response;
    while (this.#left > 0) {
      const answer = this.#filters[--this.#left]!.encode?.(now) ?? now;
      if (answer === 'stop_iteration') return answer;
      now = answer;
    }
    return now;
  }

  onDestroy(): void {
    for (const filter of this.#filters) filter.onDestroy?.();
  }
}
