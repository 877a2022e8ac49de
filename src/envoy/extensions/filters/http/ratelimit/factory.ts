import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';
import { HeadersToAdd } from '../../../../http/header_mutation.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import { compileDraw, compileKeyedDraw, type Draw } from '../../../../matching/fractional_percent.ts';
import { RateLimitFilter, type RateLimitConfig, type RateLimitPerRoute } from './ratelimit_filter.ts';

const DEFAULT_TIMEOUT_MS = 20;
const TOO_MANY_REQUESTS = 429;
const ALL = { numerator: 100, denominator: 100 } as const;

/** A field of the filter, or else a key of the runtime that every filter of this kind shares. */
const drawOf = (node: ConfigNode, field: string, key: string): Draw =>
  node.has(field) ? compileDraw(node.child(field)) : compileKeyedDraw(key, ALL);

/** A status below 400 would not refuse anybody: ratelimit.h, toErrorCode. */
function refusalOf(node: ConfigNode): number {
  const code = statusCodeOf(node.child('rate_limited_status')?.raw('code')) ?? TOO_MANY_REQUESTS;
  return code >= 400 ? code : TOO_MANY_REQUESTS;
}

export const rateLimitFilterFactory = defineHttpFilter<RateLimitPerRoute>({
  name: 'envoy.filters.http.ratelimit',
  type: 'envoy.extensions.filters.http.ratelimit.v3.RateLimit',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (node, { grpcClient }) => {
    const prefix = node.text('stat_prefix');
    const config: RateLimitConfig = {
      node,
      domain: node.text('domain') ?? '',
      stage: node.number('stage') ?? 0,
      requestType: node.text('request_type') || 'both',
      timeoutMs: durationMs(node.text('timeout')) ?? DEFAULT_TIMEOUT_MS,
      service: node.child('rate_limit_service')?.child('grpc_service'),
      isEnabled: drawOf(node, 'filter_enabled', 'ratelimit.http_filter_enabled'),
      isEnforced: drawOf(node, 'filter_enforced', 'ratelimit.http_filter_enforcing'),
      deniesOnError: node.has('failure_mode_deny_percent')
        ? compileDraw(node.child('failure_mode_deny_percent'))
        : () => node.flag('failure_mode_deny'),
      toResponse: new HeadersToAdd(node.list('response_headers_to_add')),
      statusOnError: statusCodeOf(node.child('status_on_error')?.raw('code')) ?? 500,
      status: refusalOf(node),
      showsLimits: node.text('enable_x_ratelimit_headers') === 'DRAFT_VERSION_03',
      tellsWhen: node.flag('enable_retry_after_header'),
      namespace: node.text('metadata_namespace') || 'envoy.filters.http.ratelimit',
      tellsLimited: !node.flag('disable_x_envoy_ratelimited_header'),
      grpcStatus: node.flag('rate_limited_as_resource_exhausted') ? 8 : 14,
      clusterPrefix: prefix ? `ratelimit.${prefix}.` : 'ratelimit.',
    };
    return (callbacks, perRoute) => new RateLimitFilter(config, perRoute, grpcClient, callbacks);
  },
  compilePerRoute: (node) => ({
    virtualHost: (node.text('vh_rate_limits') ?? 'OVERRIDE') as RateLimitPerRoute['virtualHost'],
    own: node.list('rate_limits'),
    domain: node.text('domain') || undefined,
  }),
});
