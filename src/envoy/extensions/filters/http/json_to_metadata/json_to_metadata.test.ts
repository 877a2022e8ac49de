import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { linkHttpFilters } from '#envoy';
import { playScenario } from '#world';

await linkHttpFilters();
const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const TO = '127.0.0.1:10000';

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
                request_headers_to_add: [{header: {key: x-v, value: "%DYNAMIC_METADATA(shop:v)%"}}]
          http_filters:
          - name: f
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata
              request_rules:
                rules: [{selectors: [{key: v}], on_present: {metadata_namespace: shop, key: v}, on_missing: {metadata_namespace: shop, key: v, value: missing}}]
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    load_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}}]}]}
`;

test('what holds more than one value counts as missing', () => {
  const steps = ['{"v":"one"}', '{"v":["one"]}'].map((body) => ({
    request: { to: TO, path: '/', method: 'POST', headers: [['content-type', 'application/json']] as const, body },
  }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => ({
      status: expect?.response?.status,
      upstream: expect?.upstream?.map(({ headers }) => headers?.find(([name]) => name === 'x-v')?.[1]),
    })),
  }).toEqual({
    answers: [
      {
        status: 200,
        upstream: ['one'],
      },
      {
        status: 200,
        upstream: ['missing'],
      },
    ],
  });
});
