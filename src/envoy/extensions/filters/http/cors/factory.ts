import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { isDrawn } from '../../../../matching/fractional_percent.ts';
import { compileStringMatcher, type StringMatcher } from '../../../../router/string_matcher.ts';

interface CorsPolicy {
  readonly node: ConfigNode;
  readonly origins: readonly StringMatcher[];
}

export const corsFilterFactory = defineHttpFilter<CorsPolicy>({
  name: 'envoy.filters.http.cors',
  type: 'envoy.extensions.filters.http.cors.v3.Cors',
  fidelity: { level: 'partial', notSimulated: ['allow_private_network_access'] },
  compile: () => (callbacks, perRoute) => new CorsFilter(perRoute, callbacks),
  compilePerRoute: (node) => ({ node, origins: node.list('allow_origin_string_match').map(compileStringMatcher) }),
});

/** Answers preflights and adds the headers; it refuses nobody: extensions/filters/http/cors/cors_filter.cc. */
class CorsFilter implements HttpFilter {
  readonly #policy: CorsPolicy | undefined;
  readonly #callbacks: FilterCallbacks;
  #origin: string | undefined;

  constructor(policy: CorsPolicy | undefined, callbacks: FilterCallbacks) {
    this.#policy = policy;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, random } = this.#callbacks;
    const origin = request.get('origin') ?? '';
    const policy = this.#policy;
    if (!policy || origin === '' || !isDrawn(policy.node.child('filter_enabled')?.child('default_value'), random, true))
      return 'continue';
    const isAllowed = policy.origins.some((mismatch) => mismatch(origin) === undefined);
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}cors.origin_${isAllowed ? 'valid' : 'invalid'}`);
    this.#tell(policy, origin, isAllowed);
    const isPreflight = request.get(':method') === 'OPTIONS' && request.has('access-control-request-method');
    if (isAllowed) this.#origin = origin;
    const isForwarded = !isAllowed && policy.node.raw('forward_not_matching_preflights') !== false;
    if (!isPreflight || isForwarded) return 'continue';
    this.#callbacks.sendLocalReply({
      status: 200,
      details: 'cors_response',
      headers: isAllowed ? this.#preflightHeaders(policy.node) : [],
    });
    return 'stop_iteration';
  }

  #tell(policy: CorsPolicy, origin: string, isAllowed: boolean): void {
    this.#callbacks.trace?.record({
      kind: 'cors_origin',
      state: isAllowed ? 'matched' : 'failed',
      because: policy.node.ref,
      sentence: `The origin ${origin} is ${isAllowed ? '' : 'not '}among those allowed.`,
    });
  }

  encode(response: HttpResponse): HttpResponse {
    const node = this.#policy?.node;
    if (this.#origin === undefined || !node) return response;
    response.headers.set('access-control-allow-origin', this.#origin);
    if (node.flag('allow_credentials')) response.headers.set('access-control-allow-credentials', 'true');
    const exposed = node.text('expose_headers') ?? '';
    if (exposed !== '') response.headers.set('access-control-expose-headers', exposed);
    return response;
  }

  #preflightHeaders(node: ConfigNode): [string, string][] {
    const fields = [
      ['allow_methods', 'access-control-allow-methods'],
      ['allow_headers', 'access-control-allow-headers'],
      ['max_age', 'access-control-max-age'],
    ] as const;
    return fields.flatMap(([field, header]) =>
      node.text(field) ? [[header, node.text(field)!] as [string, string]] : [],
    );
  }
}
