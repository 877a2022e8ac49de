import { compileOnce } from '../../../../compile_once.ts';
import type { FormatterContext } from '../../../../formatter/formatter_context.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { compileMutations, type Mutations } from './mutations.ts';

/** Of the filter or of one level of a route. */
const mutationsOf = compileOnce((node) => compileMutations(node.child('mutations')));

export const headerMutationFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.header_mutation',
  type: 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config) => {
    const own = mutationsOf(config);
    const narrowestWins = config.flag('most_specific_header_mutations_wins');
    return (callbacks) => new HeaderMutationFilter(own, narrowestWins, callbacks);
  },
  compilePerRoute: mutationsOf,
});

/** Changes headers on the way in and out: extensions/filters/http/header_mutation/header_mutation.cc. */
class HeaderMutationFilter implements HttpFilter {
  readonly #own: Mutations;
  readonly #narrowestWins: boolean;
  readonly #callbacks: FilterCallbacks;

  constructor(own: Mutations, narrowestWins: boolean, callbacks: FilterCallbacks) {
    this.#own = own;
    this.#narrowestWins = narrowestWins;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, requestTrailers } = this.#callbacks;
    const context = (): FormatterContext => this.#callbacks.formatterContext();
    this.#mutate('request', request, context);
    if (requestTrailers) this.#mutate('requestTrailers', requestTrailers, context);
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    const context = (): FormatterContext => this.#callbacks.formatterContext(response.headers);
    this.#mutate('response', response.headers, context);
    if (response.trailers) this.#mutate('responseTrailers', response.trailers, context);
    return response;
  }

  /** The filter's own mutations, then those of every level of the route: the last word has the widest, unless told otherwise. */
  #mutate(what: keyof Mutations, headers: HeaderMap, context: () => FormatterContext): void {
    const levels = this.#callbacks.perRouteLevels().map(mutationsOf);
    for (const level of [this.#own, ...(this.#narrowestWins ? levels : levels.reverse())])
      level[what](headers, context);
  }
}
