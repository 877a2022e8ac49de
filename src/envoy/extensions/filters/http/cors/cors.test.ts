import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { linkHttpFilters } from '#envoy';
import { playScenario } from '#world';

await linkHttpFilters();
const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const TO = '127.0.0.1:10000';
const KINDS = new Set(['cors_origin']);

/** The filter before the router, and an upstream. */
const config = `
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: i
          route_config:
            virtual_hosts:
            - name: v
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {cluster: web}
                typed_per_filter_config: {f: {"@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy, allow_origin_string_match: [{exact: "*"}], allow_methods: "*"}}
          http_filters:
          - name: f
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    load_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}}]}]}
`;

test('a star allows any origin and sends back the method that was asked for; a preflight that asks for none is none', () => {
  const steps = ['GET', ''].map((method) => ({
    request: {
      to: TO,
      path: '/',
      method: 'OPTIONS',
      headers: [
        ['origin', 'http://a.example'],
        ['access-control-request-method', method],
      ] as const,
    },
  }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => ({
      status: expect?.response?.status,
      told: expect?.response?.headers?.find(([name]) => name === 'access-control-allow-methods')?.[1],
    })),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [
      {
        status: 200,
        told: 'GET',
      },
      {
        status: 200,
        told: undefined,
      },
    ],
    said: [
      'matched: The origin http://a.example is among those allowed.',
      'matched: The origin http://a.example is among those allowed.',
    ],
  });
});
