import { inlineText } from '../../../../data_source.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import { defineHttpFilter, type FilterCallbacks, type HttpFilter } from '../../../../http/filter.ts';
import { addHeader } from '../../../../http/header_map.ts';
import { compileMatchTree, type MatchTree } from '../../../../matching/match_tree.ts';
import type { HttpResponse } from '../../../../seams.ts';

type Policies = MatchTree | undefined;

const compile = (node: ConfigNode): Policies => {
  const matcher = node.child('custom_response_matcher');
  return matcher && compileMatchTree(matcher);
};

export const customResponseFilterFactory = defineHttpFilter<Policies>({
  name: 'envoy.filters.http.custom_response',
  type: 'envoy.extensions.filters.http.custom_response.v3.CustomResponse',
  fidelity: { level: 'partial', notSimulated: ['RedirectPolicy'] },
  compile: (config) => {
    const own = compile(config);
    return (callbacks, perRoute) => new CustomResponseFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: compile,
});

/** Puts another answer in place of some: extensions/filters/http/custom_response/custom_response_filter.cc. */
class CustomResponseFilter implements HttpFilter {
  readonly #policies: Policies;
  readonly #callbacks: FilterCallbacks;
  /** The answer of a policy is not looked at again. */
  #hasAnswered = false;

  constructor(policies: Policies, callbacks: FilterCallbacks) {
    this.#policies = policies;
    this.#callbacks = callbacks;
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    const { request, connection, trace } = this.#callbacks;
    const policy = this.#hasAnswered ? undefined : this.#policies?.({ request, connection, response });
    // Simplified: a redirect policy lets the answer pass.
    if (!policy || policy.text('@type')?.endsWith('.LocalResponsePolicy') !== true) return response;
    this.#hasAnswered = true;
    const status = policy.number('status_code') ?? response.status;
    trace?.record({
      kind: 'custom_response',
      state: 'matched',
      because: policy.ref,
      sentence: `A policy answers ${status} in place of ${response.status}.`,
    });
    const own = this.#callbacks.formatterContext(response.headers);
    // A reply of Envoy's own has no code in its log yet: here it is known.
    const context = { ...own, log: { ...own.log, code: response.status } };
    const format = policy.child('body_format')?.child('text_format_source')?.text('inline_string');
    this.#callbacks.sendLocalReply({
      status,
      body: format === undefined ? (inlineText(policy.child('body')) ?? '') : expand(format, context),
      details: '',
      mutateHeaders: (headers) => {
        for (const option of policy.list('response_headers_to_add')) {
          const header = option.child('header');
          addHeader(
            headers,
            (header?.text('key') ?? '').toLowerCase(),
            expand(header?.text('value') ?? '', context),
            option.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD',
          );
        }
      },
    });
    return 'stop_iteration';
  }
}
