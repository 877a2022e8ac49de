import { expect, test } from 'vitest';
import type { JsonObject } from '#api';
import type { RequestSpec, UpstreamSpec } from '#world';
import { grpcCluster, oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const routes = `
- match: {prefix: /}
  route: {cluster: web, rate_limits: [{actions: [{request_headers: {header_name: x-user, descriptor_key: user}}]}]}
`;

const ANN = { headers: [['x-user', 'ann']] as const };

/** Requests while the service answers with these messages, or is gone where there is none. */
function limited(fields: string, messages: readonly JsonObject[], requests: readonly Partial<RequestSpec>[] = [ANN]) {
  const service: Partial<UpstreamSpec> =
    messages.length === 0 ? { refuse: true } : { replies: messages.map((message) => ({ message })) };
  const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit
domain: shop
timeout: 0.3s
rate_limit_service: {transport_api_version: V3, grpc_service: {envoy_grpc: {cluster_name: limiter}}}
${fields}`;
  return playWorld(
    {
      config: oneFilter(filter, { routes, clusters: grpcCluster('limiter', '127.0.1.2') }),
      upstreams: [
        { name: 'web', address: '127.0.1.1:8001' },
        { name: 'limiter', address: '127.0.1.2:9000', protocol: 'grpc', ...service },
      ],
      steps: requests.map((request) => ({ request: { to: TO, path: '/', ...request } })),
    },
    {
      kinds: ['rate_limit_ok', 'rate_limit_over', 'rate_limit_not_enforced', 'rate_limit_skipped', 'rate_limit_error'],
      counted: /^cluster\.web\.ratelimit/,
      headers: /ratelimit|^x-(plan|own)$/,
    },
  );
}

const ASKED = 'limiter [{"domain":"shop","descriptors":[{"entries":[{"key":"user","value":"ann"}]}]}]';
const OVER = { overall_code: 'OVER_LIMIT' };

test('the service is asked with the descriptors of the route, and OVER_LIMIT is 429', () => {
  expect(limited('', [{ overall_code: 'OK' }, OVER], [ANN, ANN])).toEqual({
    answers: ['200 web\n', '429  x-envoy-ratelimited=true'],
    upstreams: [ASKED, 'web GET /', ASKED],
    logged: ['- via_upstream', 'RL request_rate_limited'],
    stats: { 'cluster.web.ratelimit.ok': 1, 'cluster.web.ratelimit.over_limit': 1 },
    said: ['matched: The rate limit service says OK.', 'failed: The rate limit service says OVER_LIMIT: 429.'],
  });
});

test('a request that no rate limit fits passes without being asked for', () => {
  expect(limited('', [OVER], [{}])).toEqual({
    answers: ['200 web\n'],
    upstreams: ['web GET /'],
    logged: ['- via_upstream'],
    stats: {},
    said: ['not_reached: No rate limit of the route fits this request.'],
  });
});

test('a refusal has the status, headers and body that filter and service give it', () => {
  const fields = `
rate_limited_status: {code: ServiceUnavailable}
response_headers_to_add: [{header: {key: x-own, value: v}}]
enable_x_ratelimit_headers: DRAFT_VERSION_03
disable_x_envoy_ratelimited_header: true
`;
  const answer: JsonObject = {
    ...OVER,
    raw_body: 'c2xvdw==',
    response_headers_to_add: [{ key: 'x-plan', value: 'free' }],
    statuses: [
      {
        code: 'OK',
        current_limit: { requests_per_unit: 90, unit: 'HOUR' },
        limit_remaining: 7,
        duration_until_reset: '60s',
      },
      {
        code: 'OVER_LIMIT',
        current_limit: { name: 'few', requests_per_unit: 10, unit: 'MINUTE' },
        duration_until_reset: '25s',
      },
    ],
  };
  expect(limited(fields, [answer])).toEqual({
    answers: [
      '503 slow x-plan=free x-ratelimit-limit=10, 90;w=3600, 10;w=60;name="few" x-ratelimit-remaining=0 x-ratelimit-reset=25 x-own=v',
    ],
    upstreams: [ASKED],
    logged: ['RL request_rate_limited'],
    stats: { 'cluster.web.ratelimit.over_limit': 1 },
    said: ['failed: The rate limit service says OVER_LIMIT: 503.'],
  });
});

test('OVER_LIMIT that is not enforced is told to the client, and passes', () => {
  expect(limited('filter_enforced: {default_value: {numerator: 0}}', [OVER])).toEqual({
    answers: ['200 web\n x-envoy-ratelimited=true'],
    upstreams: [ASKED, 'web GET /'],
    logged: ['- via_upstream'],
    stats: { 'cluster.web.ratelimit.over_limit': 1 },
    said: ['failed: The rate limit service says OVER_LIMIT, which is not enforced.'],
  });
});

test('switched off the filter asks nobody', () => {
  expect(limited('filter_enabled: {default_value: {numerator: 0}}', [OVER])).toEqual({
    answers: ['200 web\n'],
    upstreams: ['web GET /'],
    logged: ['- via_upstream'],
    stats: {},
    said: ['not_reached: The filter is switched off for this request.'],
  });
});

test('without an answer of the service requests pass, or are refused where failure_mode_deny says so', () => {
  expect([limited('', []), limited('failure_mode_deny: true', [])]).toEqual([
    {
      answers: ['200 web\n'],
      upstreams: ['web GET /'],
      logged: ['- via_upstream'],
      stats: { 'cluster.web.ratelimit.error': 1, 'cluster.web.ratelimit.failure_mode_allowed': 1 },
      said: ['failed: The rate limit service gave no answer: the request passes.'],
    },
    {
      answers: ['500 '],
      upstreams: [],
      logged: ['RLSE rate_limiter_error'],
      stats: { 'cluster.web.ratelimit.error': 1 },
      said: ['failed: The rate limit service gave no answer: 500.'],
    },
  ]);
});
