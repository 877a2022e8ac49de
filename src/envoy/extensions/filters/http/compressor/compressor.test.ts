import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const TO = '127.0.0.1:10000';
const KINDS = new Set(['response_compressed']);

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
              "@type": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor
              compressor_library: {name: z, typed_config: {"@type": type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip}}
              response_direction_config: {uncompressible_response_codes: [404], status_header_enabled: true}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    load_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}}]}]}
`;

test('a body that the client takes compressed is compressed, and the trace tells by how much', () => {
  const steps = [1, 2].map(() => ({ request: { to: TO, path: '/', headers: [['accept-encoding', 'gzip']] as const } }));
  const upstreams = [
    {
      name: 'web',
      address: '127.0.1.1:8001',
      replies: [200, 404].map((status) => ({
        status,
        headers: [['content-type', 'text/plain']] as const,
        body: 'a'.repeat(100),
      })),
    },
  ];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => ({
      status: expect?.response?.status,
      told: expect?.response?.headers?.find(([name]) => name === 'x-envoy-compression-status')?.[1],
    })),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [
      {
        status: 200,
        told: 'gzip;Compressed;OriginalLength=100',
      },
      {
        status: 404,
        told: 'gzip;StatusCodeNotAllowed',
      },
    ],
    said: ['matched: The body of 100 bytes is compressed to 23.'],
  });
});
