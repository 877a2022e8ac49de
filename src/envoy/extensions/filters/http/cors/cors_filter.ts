import { HeaderMap } from '../../../../http/header_map.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { Draw } from '../../../../matching/fractional_percent.ts';
import type { StringMatcher } from '../../../../router/string_matcher.ts';
import type { HttpResponse } from '../../../../seams.ts';

export interface CorsPolicy {
  readonly node: ConfigNode;
  readonly origins: readonly StringMatcher[];
  readonly isEnabled: Draw;
  readonly isShadow: Draw;
}

/** Answers preflights and adds the headers; it refuses nobody: extensions/filters/http/cors/cors_filter.cc. */
export class CorsFilter implements HttpFilter {
  readonly #policyOf: (node: ConfigNode) => CorsPolicy;
  readonly #callbacks: FilterCallbacks;
  /** Of every level, the narrowest first: what one leaves open the next may say. */
  #policies: readonly CorsPolicy[] = [];
  #origin: string | undefined;

  constructor(policyOf: (node: ConfigNode) => CorsPolicy, callbacks: FilterCallbacks) {
    this.#policyOf = policyOf;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, route } = this.#callbacks;
    const origin = request.get('origin') ?? '';
    // A redirect or a direct response is no route entry: no policy is looked for.
    if (origin === '' || !route?.action) return 'continue';
    this.#policies = this.#callbacks.perRouteLevels().map(this.#policyOf).reverse();
    const [policy] = this.#policies;
    if (!policy) return 'continue';
    const isEnabled = policy.isEnabled(this.#callbacks);
    if (!isEnabled && !policy.isShadow(this.#callbacks)) return 'continue';
    const isAllowed = this.#allows(origin);
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}cors.origin_${isAllowed ? 'valid' : 'invalid'}`);
    this.#tell(policy, origin, isAllowed);
    if (!isEnabled) return 'continue';
    if (isAllowed) this.#origin = origin;
    return this.#answer(policy, isAllowed);
  }

  encode(response: HttpResponse): HttpResponse {
    if (this.#origin === undefined) return response;
    response.headers.set('access-control-allow-origin', this.#origin);
    if (this.#policies.find(({ node }) => node.has('allow_credentials'))?.node.flag('allow_credentials') === true)
      response.headers.set('access-control-allow-credentials', 'true');
    const exposed = this.#text('expose_headers');
    if (exposed !== undefined) response.headers.set('access-control-expose-headers', exposed);
    return response;
  }

  #allows(origin: string): boolean {
    const origins = this.#policies.find((one) => one.origins.length > 0)?.origins ?? [];
    return origins.some((mismatch) => mismatch('*') === undefined || mismatch(origin) === undefined);
  }

  #answer(policy: CorsPolicy, isAllowed: boolean): FilterStatus {
    const { request } = this.#callbacks;
    const isPreflight =
      request.get(':method') === 'OPTIONS' && (request.get('access-control-request-method') ?? '') !== '';
    const isForwarded = !isAllowed && policy.node.raw('forward_not_matching_preflights') !== false;
    if (!isPreflight || isForwarded) return 'continue';
    const headers = new HeaderMap(isAllowed ? this.#preflightHeaders() : []);
    this.#callbacks.respond({ status: 200, headers, body: '' }, { details: 'cors_response' });
    return 'stop_iteration';
  }

  /** A star is not sent back: what was asked for is. */
  #preflightHeaders(): [string, string][] {
    const { request } = this.#callbacks;
    const headers: [string, string][] = [];
    for (const what of ['methods', 'headers'] as const) {
      const allowed = this.#text(`allow_${what}`);
      const asked = request.get(
        what === 'methods' ? 'access-control-request-method' : 'access-control-request-headers',
      );
      if (allowed !== undefined)
        headers.push([`access-control-allow-${what}`, allowed === '*' ? (asked ?? '') : allowed]);
    }
    const age = this.#text('max_age');
    if (age !== undefined) headers.push(['access-control-max-age', age]);
    const isPrivate = request.get('access-control-request-private-network') === 'true';
    const policy = this.#policies.find(({ node }) => node.has('allow_private_network_access'));
    if (isPrivate && policy?.node.flag('allow_private_network_access') === true)
      headers.push(['access-control-allow-private-network', 'true']);
    return headers;
  }

  #text(field: string): string | undefined {
    for (const { node } of this.#policies) {
      const text = node.text(field) ?? '';
      if (text !== '') return text;
    }
    return undefined;
  }

  #tell(policy: CorsPolicy, origin: string, isAllowed: boolean): void {
    this.#callbacks.trace?.record({
      kind: 'cors_origin',
      state: isAllowed ? 'matched' : 'failed',
      because: policy.node.ref,
      sentence: `The origin ${origin} is ${isAllowed ? '' : 'not '}among those allowed.`,
    });
  }
}
