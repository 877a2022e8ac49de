import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { addHeader, type HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';

export const headerMutationFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.header_mutation',
  type: 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  fidelity: {
    level: 'partial',
    notSimulated: [
      'query_parameter_mutations',
      'request_trailers_mutations',
      'response_trailers_mutations',
      'remove_on_match',
    ],
  },
  compile: (config) => (callbacks) => new HeaderMutationFilter(config, callbacks),
});

/** Changes headers on the way in and out: extensions/filters/http/header_mutation/header_mutation.cc. */
class HeaderMutationFilter implements HttpFilter {
  readonly #config: ConfigNode;
  readonly #callbacks: FilterCallbacks;

  constructor(config: ConfigNode, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    this.#mutate('request_mutations', this.#callbacks.request);
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    this.#mutate('response_mutations', response.headers, response.headers);
    return response;
  }

  /** The filter's own mutations, then those of every level of the route: the last word has the widest, unless told otherwise. */
  #mutate(direction: 'request_mutations' | 'response_mutations', headers: HeaderMap, response?: HeaderMap): void {
    const levels = this.#callbacks.perRouteLevels();
    const ordered = this.#config.flag('most_specific_header_mutations_wins') ? levels : levels.toReversed();
    for (const node of [this.#config, ...ordered]) {
      for (const mutation of node.child('mutations')?.list(direction) ?? [])
        apply(mutation, headers, (template) => expand(template, this.#callbacks.formatterContext(response)));
    }
  }
}

function apply(mutation: ConfigNode, headers: HeaderMap, fill: (template: string) => string): void {
  const remove = mutation.text('remove');
  if (remove !== undefined) return headers.remove(remove.toLowerCase());
  const append = mutation.child('append');
  const header = append?.child('header');
  if (!append || !header) return;
  const value = fill(header.text('value') ?? '');
  if (value === '' && !append.flag('keep_empty_value')) return;
  addHeader(
    headers,
    (header.text('key') ?? '').toLowerCase(),
    value,
    append.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD',
  );
}
