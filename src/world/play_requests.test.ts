import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playRequests } from '#world';

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const endpoint = (address: string): string =>
  `      - endpoint: {address: {socket_address: {address: ${address}, port_value: 8001}}}`;
const CONFIG = `static_resources:
  listeners:
  - name: ingress
    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          route_config:
            virtual_hosts:
            - name: any
              domains: ["*"]
              routes:
              - {name: api, match: {prefix: /api}, route: {cluster: two}}
              - {name: old, match: {path: /api/v1}, route: {cluster: two}}
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: two
    load_assignment:
      cluster_name: two
      endpoints:
      - lb_endpoints:
  ${endpoint('127.0.1.1')}
  ${endpoint('127.0.1.2')}
`;
const upstreams = ['127.0.1.1', '127.0.1.2'].map((host) => ({ name: host, address: `${host}:8001` }));
const request = { to: '127.0.0.1:10000', authority: 'a', path: '/api/v1' };

test('each request has its own part of the trace, and what stood at that moment', () => {
  const { played } = playRequests(api, { config: CONFIG, upstreams, requests: [request, request] }, 'seed');
  expect(played.map(({ trace }) => trace.filter((one) => one.kind === 'host_chosen').map((one) => one.moment))).toEqual(
    ['127.0.1.2:8001', '127.0.1.1:8001'].map((next) => [
      {
        'two: healthy endpoints': '2 of 2',
        'two: out of rotation': 'none',
        'two: next in turn': next,
        'two: requests held': '0 of 1024',
        'two: retries held': '0 of 3',
      },
    ]),
  );
});

test('a route that an earlier one always wins over can never match, and says which', () => {
  const { played } = playRequests(api, { config: CONFIG, upstreams, requests: [request] }, 'seed');
  const routes = played[0]!.trace.filter((one) => one.kind.startsWith('route_'));
  expect(routes.map((one) => `${one.state}: ${one.sentence}`)).toEqual([
    'matched: Route `api` is the first that matches GET /api/v1.',
    'shadowed: Route `old` can never match: route `api` before it takes every path that starts with /api.',
  ]);
});

test('a configuration with which Envoy would not start plays nothing and says why', () => {
  const { read, played } = playRequests(api, { config: 'static_resources: [', upstreams, requests: [request] }, 's');
  expect([played, read.diagnostics.map((one) => one.code)]).toEqual([[], ['yaml']]);
});
