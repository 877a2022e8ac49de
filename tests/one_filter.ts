import { readFileSync } from 'node:fs';
import { openApi } from '#api';
import { linkHttpFilters } from '#envoy';
import { playScenario, type RequestSpec, type UpstreamSpec } from '#world';

/** Where the listener of {@link oneFilter} is. */
export const TO = '127.0.0.1:10000';

const indented = (text: string, by = 14): string =>
  text
    .trim()
    .split('\n')
    .map((line) => `${' '.repeat(by)}${line}`)
    .join('\n');

/** All requests go to `web`. */
const TO_WEB = `
- match: {prefix: /}
  route: {cluster: web}
`;

/** A bootstrap with one HTTP filter before the router, by its `typed_config`, and one upstream `web` at 127.0.1.1:8001; it may have other routes, and more clusters. */
export const oneFilter = (typedConfig: string, { routes = TO_WEB, clusters = '' } = {}): string => `
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
${indented(routes)}
          http_filters:
          - name: f
            typed_config:
${indented(typedConfig)}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    load_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}}]}]}
${indented(clusters, 2)}
`;

/** A cluster of a gRPC service at port 9000. */
export const grpcCluster = (name: string, address: string): string => `
- name: ${name}
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      explicit_http_config: {http2_protocol_options: {}}
  load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: ${address}, port_value: 9000}}}}]}]}
`;

await linkHttpFilters();
const api = openApi(readFileSync(new URL('../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));

/** What became of requests through one filter: the answers, what the upstream was told, and what the filter said. */
interface PlayedFilter {
  readonly statuses: readonly (number | undefined)[];
  readonly upstreamHeaders: readonly (readonly (readonly [string, string])[])[];
  readonly said: readonly string[];
}

/** Sends requests through one filter, and keeps the sentences of the kinds of step that are named. */
export function playFilter(
  typedConfig: string,
  requests: readonly Partial<RequestSpec>[],
  { kinds, replies }: { readonly kinds: readonly string[]; readonly replies?: UpstreamSpec['replies'] },
): PlayedFilter {
  const steps = requests.map((request) => ({ request: { to: TO, path: '/', ...request } }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001', ...(replies ? { replies } : {}) }];
  const { steps: played, trace } = playScenario(
    api,
    { config: oneFilter(typedConfig), upstreams, steps },
    { seed: '1', trace: true },
  );
  return {
    statuses: played.map((step) => step.expect?.response?.status),
    upstreamHeaders: played.map((step) => step.expect?.upstream?.[0]?.headers ?? []),
    said: trace.filter(({ kind }) => kinds.includes(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  };
}
