import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const TO = '127.0.0.1:10000';
const KINDS = new Set(['fault_delay_injected', 'fault_overflow']);

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
              "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
              max_active_faults: 1
              delay: {fixed_delay: 0.2s, percentage: {numerator: 100}}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    load_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}}]}]}
`;

test('a second request at once is over max_active_faults: it is not delayed, and says why', () => {
  const steps = [
    {
      parallel: [
        { to: TO, path: '/1' },
        { to: TO, path: '/2', after_ms: 50 },
      ],
    },
  ];
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.flatMap(({ expect }) => expect?.responses?.map((one) => one?.status) ?? []),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [200, 200],
    said: [
      'matched: The request is picked for a delay of 200 ms.',
      'failed: No fault is done: 1 are active already, which is `max_active_faults`.',
    ],
  });
});
