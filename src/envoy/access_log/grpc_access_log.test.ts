import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';

const api = openApi(readFileSync(new URL('../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const endpoint = (name: string, port: number): string =>
  `load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: ${port}}}}}]}]}`;

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
          access_log:
          - name: collector
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig
              common_config: {log_name: shop, transport_api_version: V3, buffer_size_bytes: 1, grpc_service: {envoy_grpc: {cluster_name: als}}}
              additional_request_headers_to_log: [x-a]
          route_config: {virtual_hosts: [{name: v, domains: ["*"], routes: [{name: none, match: {prefix: /}, route: {cluster: empty}}]}]}
          http_filters:
          - {name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - {name: empty, load_assignment: {cluster_name: empty}}
  - name: als
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
    ${endpoint('als', 8009)}
`;

test('an entry reaches the collector with its flags and the headers that were asked for', () => {
  const steps = [{ request: { to: '127.0.0.1:10000', path: '/cart', headers: [['x-a', '1']] as const } }];
  const upstreams = [{ name: 'als', address: '127.0.1.1:8009', protocol: 'grpc' as const, replies: [{ never: true }] }];
  const played = playScenario(
    api,
    { config, upstreams, steps, node: { id: 'n', cluster: 'shop' } },
    { seed: '1', trace: false, countsStats: true },
  );
  const [seen] = played.steps[0]?.expect?.upstream ?? [];
  expect({ path: seen?.path, grpc: (seen as { grpc?: unknown } | undefined)?.grpc }).toEqual({
    path: '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
    grpc: [
      {
        identifier: {
          node: {
            cluster: 'shop',
            userAgentName: 'envoy',
            userAgentBuildVersion: expect.any(Object) as object,
          },
          logName: 'shop',
        },
        httpLogs: {
          logEntry: [
            {
              commonProperties: {
                downstreamRemoteAddress: { socketAddress: { address: '127.0.0.1', portValue: '<port>' } },
                downstreamLocalAddress: { socketAddress: { address: '127.0.0.1', portValue: 10000 } },
                routeName: 'none',
                responseFlags: { noHealthyUpstream: true },
                upstreamRequestAttemptCount: 1,
              },
              protocolVersion: 'HTTP11',
              request: {
                requestMethod: 'GET',
                scheme: 'http',
                authority: 'example.com',
                path: '/cart',
                downstreamHeaderBytesReceived: '43',
                requestHeaders: { 'x-a': '1' },
              },
              response: {
                responseCode: 503,
                responseBodyBytes: '19',
                responseCodeDetails: 'no_healthy_upstream',
                downstreamHeaderBytesSent: '117',
              },
            },
          ],
        },
      },
    ],
  });
});
