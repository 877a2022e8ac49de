/** Where the listener is. */
export const TO = '127.0.0.1:10000';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const NETWORK = `${EXTENSIONS}.filters.network`;

/** A filter with its `typed_config` in one line, by the end of its type and its fields. */
const filterOf = (type: string, fields: string): string =>
  `{name: ${type}, typed_config: {"@type": ${NETWORK}.${type}, ${fields}}}`;

const router = `{name: r, typed_config: {"@type": ${EXTENSIONS}.filters.http.router.v3.Router}}`;

/** An HTTP connection manager with these routes. */
export const httpOf = (routes: string): string =>
  filterOf(
    'http_connection_manager.v3.HttpConnectionManager',
    `stat_prefix: i, route_config: {virtual_hosts: [{name: v, domains: ["*"], routes: ${routes}}]}, http_filters: [${router}]`,
  );

/** A tcp_proxy to the cluster `db`. */
export const toDb = filterOf('tcp_proxy.v3.TcpProxy', 'stat_prefix: t, cluster: db');

export const tlsInspector = `{name: i, typed_config: {"@type": ${EXTENSIONS}.filters.listener.tls_inspector.v3.TlsInspector}}`;

const cluster = (name: string, address: string): string =>
  `{name: ${name}, load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: ${address}, port_value: 8001}}}}]}]}}`;

const listenerOf = (filters: string, chains: readonly string[]): string => `
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    listener_filters: ${filters}
    filter_chains:${chains.map((chain) => `\n    - ${chain}`).join('')}
  clusters:
  - ${cluster('db', '127.0.1.1')}
  - ${cluster('shop.test', '127.0.1.2')}
`;

/** A bootstrap with one network filter by its `typed_config`, and what is behind it; `db` and `shop.test` are at 127.0.1.1:8001 and 127.0.1.2:8001. */
export const oneNetworkFilter = (typedConfig: string, behind = toDb, listenerFilter = ''): string =>
  listenerOf(`[${listenerFilter}]`, [
    `filters: [{name: f, typed_config: ${typedConfig}}${behind === '' ? '' : `, ${behind}`}]`,
  ]);

/** A chain that takes what matches and says its own name: in bytes at once, or to HTTP over TLS. */
export const chainThatSays = (name: string, match: string, protocol: 'bytes' | 'https' = 'bytes'): string => {
  const says = `{inline_string: ${name}}`;
  const chain = `name: ${name}, filter_chain_match: ${match}`;
  if (protocol === 'bytes')
    return `{${chain}, filters: [${filterOf('direct_response.v3.Config', `response: ${says}`)}]}`;
  const certificate = '{certificate_chain: {filename: certs/shop.pem}, private_key: {filename: certs/shop.key}}';
  const tls = `{"@type": ${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext, common_tls_context: {tls_certificates: [${certificate}]}}`;
  const route = `{match: {prefix: /}, direct_response: {status: 200, body: ${says}}}`;
  return `{${chain}, transport_socket: {name: tls, typed_config: ${tls}}, filters: [${httpOf(`[${route}]`)}]}`;
};

/** A bootstrap with one listener filter by its `typed_config`, and the chains that may be chosen. */
export const oneListenerFilter = (typedConfig: string, chains: readonly string[]): string =>
  listenerOf(`[{name: f, typed_config: ${typedConfig}}]`, chains);
