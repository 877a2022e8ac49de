import { expect, test } from 'vitest';
import type { RequestSpec } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const PROXY = 'type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3';

const route = (path: string, perRoute = ''): string => `
- match: {prefix: ${path}}
  route: {cluster: all}${perRoute && `\n  typed_per_filter_config: {f: {"@type": ${PROXY}.PerRouteConfig, ${perRoute}}}`}`;

/** Requests to any host: \`local\` is localhost:8025, \`one\` is 127.0.1.1:8001. */
function proxied(requests: readonly Partial<RequestSpec>[], more = '') {
  const cache = `{name: cache, dns_lookup_family: V4_ONLY${more}}`;
  const clusters = `
- name: all
  lb_policy: CLUSTER_PROVIDED
  cluster_type:
    name: envoy.clusters.dynamic_forward_proxy
    typed_config: {"@type": type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig, dns_cache_config: ${cache}}
`;
  const routes = [
    route('/fixed', 'host_rewrite_literal: "127.0.1.1:8001"'),
    route('/told', 'host_rewrite_header: X-Host'),
    route('/'),
  ].join('');
  return playWorld(
    {
      config: oneFilter(`{"@type": ${PROXY}.FilterConfig, dns_cache_config: ${cache}}`, { routes, clusters }),
      upstreams: [
        { name: 'local', address: '127.0.0.1:8025' },
        { name: 'one', address: '127.0.1.1:8001' },
      ],
      steps: requests.map((request) => ({ request: { to: TO, path: '/', ...request } })),
    },
    { kinds: ['dns_host_loaded'], counted: /^dns_cache\.cache\.(host_added|host_overflow|dns_rq)/, headers: /^host$/ },
  );
}

const at = (host: string, address = host) => `matched: The host ${host} is at ${address}.`;

test('a request goes to the host that it names, which is looked up once', () => {
  expect(
    proxied([{ authority: 'localhost:8025' }, { authority: 'localhost:8025' }, { authority: '127.0.1.1:8001' }]),
  ).toEqual({
    answers: ['200 local\n', '200 local\n', '200 one\n'],
    upstreams: [
      'local GET /  host=localhost:8025',
      'local GET /  host=localhost:8025',
      'one GET /  host=127.0.1.1:8001',
    ],
    logged: ['- via_upstream', '- via_upstream', '- via_upstream'],
    stats: { 'dns_cache.cache.host_added': 2 },
    said: [at('localhost:8025', '127.0.0.1:8025'), at('localhost:8025', '127.0.0.1:8025'), at('127.0.1.1:8001')],
  });
});

test('a host without a port is asked at port 80', () => {
  expect(proxied([{ authority: '127.0.1.1' }])).toEqual({
    answers: ['503 upstream connect error or disconnect/reset before headers. reset reason: remote connection failure'],
    upstreams: [],
    logged: [
      'UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}',
    ],
    stats: { 'dns_cache.cache.host_added': 1 },
    said: [at('127.0.1.1:80')],
  });
});

test('a route may name another host, or a header that does; without that header the host stays', () => {
  const host = [['x-host', '127.0.1.1:8001']] as const;
  expect(
    proxied([{ path: '/fixed' }, { path: '/told', headers: host }, { path: '/told', authority: 'localhost:8025' }]),
  ).toEqual({
    answers: ['200 one\n', '200 one\n', '200 local\n'],
    upstreams: [
      'one GET /fixed  host=127.0.1.1:8001',
      'one GET /told  host=127.0.1.1:8001',
      'local GET /told  host=localhost:8025',
    ],
    logged: ['- via_upstream', '- via_upstream', '- via_upstream'],
    stats: { 'dns_cache.cache.host_added': 2 },
    said: [at('127.0.1.1:8001'), at('127.0.1.1:8001'), at('localhost:8025', '127.0.0.1:8025')],
  });
});

test('a host that nobody knows is 503 without an upstream', () => {
  const { answers, upstreams, said } = proxied([{ authority: 'nowhere.invalid' }]);
  expect({ answers, upstreams, said }).toEqual({
    answers: ['503 DNS resolution failure'],
    upstreams: [],
    said: ['failed: The host nowhere.invalid:80 leads nowhere.'],
  });
});

test('a host too many for the cache is 503, and those that are in it are still asked', () => {
  const requests = ['localhost:8025', '127.0.1.1:8001', 'localhost:8025'].map((authority) => ({ authority }));
  const { answers, upstreams, stats, said } = proxied(requests, ', max_hosts: 1');
  expect({ answers, upstreams, stats, said }).toEqual({
    answers: ['200 local\n', '503 DNS cache overflow', '200 local\n'],
    upstreams: ['local GET /  host=localhost:8025', 'local GET /  host=localhost:8025'],
    stats: { 'dns_cache.cache.host_added': 1, 'dns_cache.cache.host_overflow': 1 },
    said: [at('localhost:8025', '127.0.0.1:8025'), at('localhost:8025', '127.0.0.1:8025')],
  });
});
