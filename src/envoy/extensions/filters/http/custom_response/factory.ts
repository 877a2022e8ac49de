import { inlineText } from '../../../../data_source.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import { defineHttpFilter, type FilterCallbacks, type HttpFilter } from '../../../../http/filter.ts';
import { addHeader, type HeaderMap } from '../../../../http/header_map.ts';
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
  fidelity: { level: 'partial', notSimulated: ['modify_request_headers_action'] },
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
  /** The policy that asked another route. */
  #redirect: ConfigNode | undefined;

  constructor(policies: Policies, callbacks: FilterCallbacks) {
    this.#policies = policies;
    this.#callbacks = callbacks;
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    if (this.#redirect) return this.#completed(this.#redirect, response);
    const { request, connection } = this.#callbacks;
    const policy = this.#hasAnswered ? undefined : this.#policies?.({ request, connection, response });
    if (!policy) return response;
    this.#hasAnswered = true;
    return policy.text('@type')?.endsWith('.RedirectPolicy') === true
      ? this.#ask(policy, response)
      : this.#answer(policy, response);
  }

  /** Another route may have the answer: redirect_policy.cc. */
  #ask(policy: ConfigNode, response: HttpResponse): HttpResponse | 'stop_iteration' {
    const { request, stats } = this.#callbacks;
    const before = TARGET.map((name) => [name, request.get(name)!] as const);
    const target = targetOf(policy, request);
    for (const [name, value] of target) request.set(name, value);
    this.#add(policy.list('request_headers_to_add'), request);
    this.#redirect = policy;
    if (this.#callbacks.recreateStream(response.status)) {
      this.#tell(policy, 'A policy asks another route for an answer.');
      return 'stop_iteration';
    }
    this.#redirect = undefined;
    for (const [name, value] of before) request.set(name, value);
    stats.add(`${policy.text('stat_prefix') ?? ''}custom_response_redirect_no_route`);
    return response;
  }

  #completed(policy: ConfigNode, response: HttpResponse): HttpResponse {
    this.#redirect = undefined;
    this.#add(policy.list('response_headers_to_add'), response.headers);
    return { ...response, status: policy.number('status_code') ?? response.status };
  }

  #answer(policy: ConfigNode, response: HttpResponse): 'stop_iteration' {
    const status = policy.number('status_code') ?? response.status;
    this.#tell(policy, `A policy answers ${status} in place of ${response.status}.`);
    const own = this.#callbacks.formatterContext(response.headers);
    // A reply of Envoy's own has no code in its log yet: here it is known.
    const context = { ...own, log: { ...own.log, code: response.status } };
    const format = policy.child('body_format')?.child('text_format_source')?.text('inline_string');
    this.#callbacks.sendLocalReply({
      status,
      body: format === undefined ? (inlineText(policy.child('body')) ?? '') : expand(format, context),
      details: this.#detailsOf(policy),
      mutateHeaders: (headers) => this.#add(policy.list('response_headers_to_add'), headers, context),
    });
    return 'stop_iteration';
  }

  #add(options: readonly ConfigNode[], headers: HeaderMap, context = this.#callbacks.formatterContext()): void {
    for (const option of options) {
      const header = option.child('header');
      addHeader(
        headers,
        (header?.text('key') ?? '').toLowerCase(),
        expand(header?.text('value') ?? '', context),
        option.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD',
      );
    }
  }

  #detailsOf(policy: ConfigNode): string {
    if (policy.flag('preserve_response_code_details')) return String(this.#callbacks.log['details'] ?? '');
    return policy.text('response_code_details') ?? '';
  }

  #tell(policy: ConfigNode, sentence: string): void {
    this.#callbacks.trace?.record({ kind: 'custom_response', state: 'matched', because: policy.ref, sentence });
  }
}

const TARGET = [':scheme', ':authority', ':path'] as const;

/** Where a policy points: a whole URL, or parts that take the place of the request's own. */
function targetOf(policy: ConfigNode, request: HeaderMap): readonly (readonly [string, string])[] {
  const [, scheme = 'http', host = '', path = ''] = /^(\w+):\/\/([^/?]*)(.*)$/.exec(policy.text('uri') ?? '') ?? [];
  const action = policy.child('redirect_action');
  if (!action)
    return [
      [':scheme', scheme],
      [':authority', host],
      [':path', path || '/'],
    ];
  const own = action.flag('https_redirect') ? 'https' : action.text('scheme_redirect');
  return [
    [':scheme', own || request.get(':scheme')!],
    [':authority', action.text('host_redirect') || request.get(':authority')!],
    [':path', action.text('path_redirect') || request.get(':path')!],
  ];
}
