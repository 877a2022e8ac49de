import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';

const api = openApi(readFileSync(new URL('../../api/envoy-v3-1.40.0.binpb', import.meta.url)));

const endpoint = (cluster: string, port: number): string =>
  `load_assignment: {cluster_name: ${cluster}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: ${port}}}}}]}]}`;

/** Sends one request through a connection manager that traces so, and says what its collector got. */
function collected(provider: string, more: string, isGrpc: boolean): unknown {
  const http2 = `typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {"@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http2_protocol_options: {}}}}`;
  const config = `
layered_runtime: {layers: [{name: s, static_layer: {tracing.zipkin.min_flush_spans: 1, tracing.opentelemetry.min_flush_spans: 1}}]}
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: i
          generate_request_id: false
          request_id_extension: {typed_config: {"@type": type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig, use_request_id_for_trace_sampling: false}}
          tracing:
            provider: {name: p, typed_config: {${provider}}}
            ${more}
          route_config: {virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 503}}]}]}
          http_filters:
          - {name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: collector
    ${isGrpc ? http2 : 'type: STATIC'}
    ${endpoint('collector', 9411)}
`;
  const upstreams = [
    { name: 'collector', address: '127.0.1.1:9411', ...(isGrpc ? { protocol: 'grpc' as const } : {}), replies: [{}] },
  ];
  const steps = [{ request: { to: '127.0.0.1:10000', path: '/cart?item=5' } }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: false, countsStats: true });
  const [seen] = played.steps[0]?.expect?.upstream ?? [];
  const { body, grpc } = seen as { body?: string; grpc?: string[] };
  return { path: seen?.path, sent: JSON.parse(grpc?.[0] ?? body ?? 'null') as unknown };
}

const TAGS = {
  component: 'proxy',
  'guid:x-request-id': '',
  'http.url': 'http://example.com/cart',
  'http.method': 'GET',
  downstream_cluster: '-',
  user_agent: '-',
  'http.protocol': 'HTTP/1.1',
  'peer.address': '127.0.0.1',
  request_size: '0',
  response_size: '0',
  response_flags: '-',
  'http.status_code': '503',
  error: 'true',
  lab: 'shop',
};
const MORE = 'max_path_tag_length: 5, custom_tags: [{tag: lab, literal: {value: shop}}]'.replace(
  ', ',
  '\n            ',
);

test('a sampled span goes to Zipkin, with its tags cut and its own tags added', () => {
  const zipkin =
    '"@type": type.googleapis.com/envoy.config.trace.v3.ZipkinConfig, collector_cluster: collector, collector_endpoint: /api/v2/spans, collector_endpoint_version: HTTP_JSON';
  expect(collected(zipkin, MORE, false)).toEqual({
    path: '/api/v2/spans',
    sent: [
      {
        traceId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        name: 'example.com',
        kind: 'SERVER',
        shared: true,
        timestamp: 1_790_000_000_000_000,
        duration: 1,
        localEndpoint: { ipv4: expect.any(String) as string, port: 0 },
        annotations: [{ value: 'ss', timestamp: 1_790_000_000_000_000 }],
        tags: TAGS,
      },
    ],
  });
});

test('a sampled span goes over OTLP under the name that its operation has', () => {
  const openTelemetry =
    '"@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig, grpc_service: {envoy_grpc: {cluster_name: collector}}, service_name: shop';
  const { path, sent } = collected(openTelemetry, 'operation: "get %PATH(NQ)%"', true) as {
    path: string;
    sent: unknown;
  };
  expect(path).toBe('/opentelemetry.proto.collector.trace.v1.TraceService/Export');
  expect(sent).toMatchObject({
    resourceSpans: [
      {
        resource: {
          attributes: expect.arrayContaining([{ key: 'service.name', value: { stringValue: 'shop' } }]) as [],
        },
        scopeSpans: [
          { spans: [{ name: 'get /cart', kind: 'SPAN_KIND_SERVER', status: { code: 'STATUS_CODE_ERROR' } }] },
        ],
      },
    ],
  });
});
