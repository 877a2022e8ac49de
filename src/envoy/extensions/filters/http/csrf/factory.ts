import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { compileDraw, type Draw } from '../../../../matching/fractional_percent.ts';
import { compileStringMatcher, type StringMatcher } from '../../../../router/string_matcher.ts';

interface CsrfPolicy {
  readonly node: ConfigNode;
  readonly additional: readonly StringMatcher[];
  readonly isEnabled: Draw;
  readonly isShadow: Draw;
}

const compile = (node: ConfigNode): CsrfPolicy => ({
  node,
  additional: node.list('additional_origins').map(compileStringMatcher),
  isEnabled: compileDraw(node.child('filter_enabled')),
  isShadow: compileDraw(node.child('shadow_enabled')),
});

export const csrfFilterFactory = defineHttpFilter<CsrfPolicy>({
  name: 'envoy.filters.http.csrf',
  type: 'envoy.extensions.filters.http.csrf.v3.CsrfPolicy',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, { stats, statPrefix }) => {
    const names = ['missing_source_origin', 'request_invalid', 'request_valid'];
    stats.declare(...names.map((name) => `${statPrefix}csrf.${name}`));
    const own = compile(config);
    return (callbacks, perRoute) => new CsrfFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: compile,
});

const CHANGING = new Set(['POST', 'PUT', 'DELETE', 'PATCH']);

/** Refuses a changing request from another origin: extensions/filters/http/csrf/csrf_filter.cc. */
class CsrfFilter implements HttpFilter {
  readonly #policy: CsrfPolicy;
  readonly #callbacks: FilterCallbacks;

  constructor(policy: CsrfPolicy, callbacks: FilterCallbacks) {
    this.#policy = policy;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request } = this.#callbacks;
    const isEnabled = this.#policy.isEnabled(this.#callbacks);
    const isShadow = this.#policy.isShadow(this.#callbacks);
    if ((!isEnabled && !isShadow) || !CHANGING.has(request.get(':method') ?? '')) return 'continue';
    if (this.#isSameOrigin() || !isEnabled) return 'continue';
    this.#callbacks.sendLocalReply({ status: 403, body: 'Invalid origin', details: 'csrf_origin_mismatch' });
    return 'stop_iteration';
  }

  #isSameOrigin(): boolean {
    const { request, stats, statPrefix } = this.#callbacks;
    const { node, additional } = this.#policy;
    const source = sourceOf(request);
    if (source === undefined) stats.add(`${statPrefix}csrf.missing_source_origin`);
    const isValid =
      source !== undefined &&
      (source === request.get(':authority') || additional.some((mismatch) => mismatch(source) === undefined));
    if (isValid) stats.add(`${statPrefix}csrf.request_valid`);
    else if (source !== undefined) stats.add(`${statPrefix}csrf.request_invalid`);
    this.#callbacks.trace?.record({
      kind: 'csrf_checked',
      state: isValid ? 'matched' : 'failed',
      because: node.ref,
      sentence: `The request comes from ${source ?? 'nowhere that it names'} and goes to ${request.get(':authority')}.`,
    });
    return isValid;
  }
}

/** An origin that is hidden is none, and the referer is not asked in its place. */
function sourceOf(request: HeaderMap): string | undefined {
  const origin = request.get('origin');
  return origin === 'null' ? undefined : (hostOf(origin) ?? hostOf(request.get('referer')));
}

/** Host and port of a URL, or the text itself where it is none. */
function hostOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  return /^[a-z]+:\/\/([^/]*)/i.exec(text)?.[1] ?? text;
}
