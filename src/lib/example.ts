/** The bootstrap that a newcomer finds: two virtual hosts, an order of routes that matters, one cluster. */
export const EXAMPLE = `static_resources:
  listeners:
  - name: ingress
    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          route_config:
            name: local
            virtual_hosts:
            - name: shop
              domains: [shop.example]
              routes:
              - name: cart
                match: {path_separated_prefix: /cart}
                route: {cluster: cart}
              - name: everything
                match: {prefix: /}
                route: {cluster: web}
            - name: blog
              domains: ["*.blog.example"]
              routes:
              - name: moved
                match: {prefix: /old}
                redirect: {prefix_rewrite: /new}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: web
    type: STATIC
    load_assignment:
      cluster_name: web
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.1.1, port_value: 8001}}}
  - name: cart
    type: STATIC
    load_assignment:
      cluster_name: cart
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.1.2, port_value: 8001}}}
`;
