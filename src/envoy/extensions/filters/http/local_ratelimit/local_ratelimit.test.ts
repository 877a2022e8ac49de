import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const TO = '127.0.0.1:10000';
const KINDS = new Set(['token_taken']);

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
          http_filters:
          - name: f
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
              stat_prefix: l
              filter_enabled: {default_value: {numerator: 100}}
              filter_enforced: {default_value: {numerator: 100}}
              token_bucket: {max_tokens: 9, fill_interval: 60s}
              rate_limits: [{actions: [{request_headers: {header_name: x-user, descriptor_key: user}}]}]
              descriptors: [{entries: [{key: user}], token_bucket: {max_tokens: 1, fill_interval: 60s}}]
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    load_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}}]}]}
`;

test('a descriptor without a value has a bucket for each value that comes, beside the common one', () => {
  const steps = ['ann', 'ann', 'bob'].map((user) => ({
    request: { to: TO, path: '/', headers: [['x-user', user]] as const },
  }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => expect?.response?.status),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [200, 429, 200],
    said: [
      'matched: A token is there: 0 of 1 are left.',
      'failed: The bucket of 1 is empty.',
      'matched: A token is there: 0 of 1 are left.',
    ],
  });
});
