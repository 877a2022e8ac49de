/** Where the listener of {@link oneFilter} is. */
export const TO = '127.0.0.1:10000';

const indented = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => `              ${line}`)
    .join('\n');

/** A bootstrap with one HTTP filter before the router, by its `typed_config`, and one upstream `web` at 127.0.1.1:8001. */
export const oneFilter = (typedConfig: string): string => `
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
${indented(typedConfig)}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    load_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}}]}]}
`;
