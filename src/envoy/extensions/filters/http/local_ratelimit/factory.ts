import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FactoryContext } from '../../../../http/filter.ts';
import { HeadersToAdd } from '../../../../http/header_mutation.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import { compileDraw } from '../../../../matching/fractional_percent.ts';
import { Buckets } from './buckets.ts';
import { LOCAL_RATE_LIMIT_STATS, LocalRateLimitFilter, type Limit } from './local_ratelimit_filter.ts';

function compile(node: ConfigNode, { dispatcher, stats, peers }: FactoryContext): Limit {
  const common = new Buckets(node, dispatcher.nowMs, peers);
  const ofConnections = new WeakMap<object, Buckets>();
  const statPrefix = `${node.text('stat_prefix') ?? ''}.http_local_rate_limit.`;
  stats.declare(...LOCAL_RATE_LIMIT_STATS.map((name) => statPrefix + name));
  return {
    node,
    bucketsOf: node.flag('local_rate_limit_per_downstream_connection')
      ? (connection) => {
          let own = ofConnections.get(connection);
          if (!own) ofConnections.set(connection, (own = new Buckets(node, dispatcher.nowMs, peers)));
          return own;
        }
      : () => common,
    isEnabled: compileDraw(node.child('filter_enabled')),
    isEnforced: compileDraw(node.child('filter_enforced')),
    toRequest: new HeadersToAdd(node.list('request_headers_to_add_when_not_enforced')),
    toResponse: new HeadersToAdd(node.list('response_headers_to_add')),
    status: statusOf(node),
    statPrefix,
    showsLimits: node.text('enable_x_ratelimit_headers') === 'DRAFT_VERSION_03',
    tellsWhen: node.flag('enable_retry_after_header'),
    grpcStatus: node.flag('rate_limited_as_resource_exhausted') ? 8 : 14,
  };
}

/** A status below 400 would not refuse anybody: it is 429 then. */
function statusOf(node: ConfigNode): number {
  const code = statusCodeOf(node.child('status')?.raw('code')) ?? 429;
  return code < 400 ? 429 : code;
}

export const localRateLimitFilterFactory = defineHttpFilter<Limit>({
  name: 'envoy.filters.http.local_ratelimit',
  type: 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, context) => {
    const own = compile(config, context);
    return (callbacks, perRoute) => new LocalRateLimitFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: compile,
});
