import type { FilterCallbacks } from '../../../../http/filter.ts';
import type { Direction } from './sides.ts';

/** What an access log may ask of the calls to the processor: `%FILTER_STATE(NAME:FIELD:request_header_call_status)%`. */
export class CallLog {
  readonly #fields: Record<string, number> = {};

  constructor({ filterState, filterName }: FilterCallbacks) {
    if (!filterState.has(filterName)) filterState.setObject(filterName, '', { message: {}, fields: this.#fields });
  }

  answered(direction: Direction, part: 'headers' | 'body' | 'trailers'): void {
    if (part !== 'body') this.#fields[`${direction}_${part.slice(0, -1)}_call_status`] = 0;
    else {
      const count = `${direction}_body_call_count`;
      this.#fields[count] = (this.#fields[count] ?? 0) + 1;
      this.#fields[`${direction}_body_last_call_status`] = 0;
    }
  }
}
