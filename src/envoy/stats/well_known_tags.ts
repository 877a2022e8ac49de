/** A part of a name that becomes a label, by pattern: group 1 leaves the name, group 2 is the value. */
export interface RegexTag {
  readonly name: string;
  readonly regex: string;
  /** A name without this text can not match. */
  readonly substring?: string;
  /** A value that is no tag. */
  readonly except?: string;
}

/** A part of a name by its place among the dots: `$` is the value, `*` one token, `**` any number of them. */
export interface TokenTag {
  readonly name: string;
  readonly tokens: string;
}

const VALUE = String.raw`[^\.]+`;
const ADDRESS = String.raw`(?:(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[[a-fA-F_\d]+\])_\d+)`;
const CIPHER = String.raw`[\w-]+`;
const LISTENER_OR_CLUSTER = String.raw`(?:listener|cluster)\..*?`;

const regex = (name: string, text: string, substring = '', except = ''): RegexTag => ({
  name: `envoy.${name}`,
  regex: text
    .replaceAll('<VALUE>', VALUE)
    .replaceAll('<ADDRESS>', ADDRESS)
    .replaceAll('<CIPHER>', CIPHER)
    .replaceAll('<OWNER>', LISTENER_OR_CLUSTER),
  substring,
  except,
});
const tokens = (name: string, pattern: string): TokenTag => ({ name: `envoy.${name}`, tokens: pattern });
const raw = String.raw;

/** Envoy's own tags by pattern, in its order: config/well_known_names.cc. */
export const REGEX_TAGS: readonly RegexTag[] = [
  regex('response_code', raw`_rq(_(\d{3}))$`, '_rq_'),
  regex('response_code_class', raw`_rq_((\d))xx$`, '_rq_'),
  regex(
    'rbac_policy_name',
    raw`^http\.<VALUE>\.rbac\.(?:<VALUE>\.)?policy\.((<VALUE>)\.)(allowed|shadow_allowed|denied|shadow_denied)$`,
    '.rbac.',
  ),
  regex('ssl_cipher', raw`^listener\..*?\.ssl\.ciphers(\.(<CIPHER>))$`, '.ssl.ciphers.'),
  regex('ssl_curve', raw`^<OWNER>\.ssl\.curves(\.(<CIPHER>))$`, '.ssl.curves.'),
  regex('ssl_sigalg', raw`^<OWNER>\.ssl\.sigalgs(\.(<CIPHER>))$`, '.ssl.sigalgs.'),
  regex('ssl_version', raw`^<OWNER>\.ssl\.versions(\.(TLSv\d\.\d))$`, '.ssl.versions.'),
  regex('tls_certificate', raw`^<OWNER>\.ssl\.certificate\.((<VALUE>)\.).*$`, '.ssl.certificate.'),
  regex('cipher_suite', raw`^cluster\.<VALUE>\.ssl\.ciphers(\.(<CIPHER>))$`, '.ssl.ciphers.'),
  regex('http_conn_manager_prefix', raw`^listener\..*?\.http\.((<VALUE>)\.)`, '.http.'),
  regex(
    'worker_id',
    raw`^(?:listener\.(?:<ADDRESS>|<VALUE>)|server|listener_manager|thread_local_cluster_manager)\.worker_((\d+)\.)`,
  ),
  regex('listener_address', raw`^listener\.((<ADDRESS>|<VALUE>)\.)`, '', 'admin'),
  regex('rds_route_config', raw`^http\.<VALUE>\.rds\.(([\w\-.]+)\.)\w+?$`, '.rds.'),
  regex('scoped_rds_config', raw`^http\.<VALUE>\.scoped_rds\.(([\w\-.]+)\.)\w+?$`, '.scoped_rds.'),
  regex('rbac_http_prefix', raw`^http\.<VALUE>\.rbac\.((<VALUE>)\.).*?`, '.rbac.'),
  regex('proxy_protocol_version', raw`^proxy_proto\.((?:<VALUE>\.)?versions\.v(\d)\.)\w+$`, 'proxy_proto.'),
  regex('proxy_protocol_prefix', raw`^proxy_proto\.((<VALUE>)\.).+$`, 'proxy_proto.', 'versions'),
  regex('xds_resource_name', raw`^sds\.((<VALUE>)\.).+`),
];

/** Envoy's own tags by place. */
export const TOKEN_TAGS: readonly TokenTag[] = [
  tokens('grpc_bridge_method', 'cluster.*.grpc.*.$.**'),
  tokens('http_user_agent', 'http.*.user_agent.$.**'),
  tokens('virtual_cluster', 'vhost.*.vcluster.$.**'),
  tokens('fault_downstream_cluster', 'http.*.fault.$.**'),
  tokens('grpc_bridge_service', 'cluster.*.grpc.$.**'),
  tokens('tcp_prefix', 'tcp.$.**'),
  tokens('udp_prefix', 'udp.$.**'),
  tokens('clientssl_prefix', 'auth.clientssl.$.**'),
  tokens('ratelimit_prefix', 'ratelimit.$.**'),
  tokens('cluster_name', 'cluster.$.**'),
  tokens('ext_authz_prefix', 'cluster.*.ext_authz.$.**'),
  tokens('ext_authz_prefix', 'http.*.ext_authz.$.**'),
  tokens('http_conn_manager_prefix', 'http.$.**'),
  tokens('virtual_host', 'vhost.$.**'),
  tokens('mongo_prefix', 'mongo.$.**'),
  tokens('route', 'vhost.*.route.$.**'),
  tokens('thrift_prefix', 'thrift.$.**'),
  tokens('redis_prefix', 'redis.$.**'),
  tokens('local_http_ratelimit_prefix', '$.http_local_rate_limit.**'),
  tokens('local_network_ratelimit_prefix', 'local_rate_limit.$.**'),
  tokens('local_listener_ratelimit_prefix', 'listener_local_ratelimit.$.**'),
  tokens('dns_filter_prefix', 'dns_filter.$.**'),
  tokens('connection_limit_prefix', 'connection_limit.$.**'),
  tokens('rbac_prefix', '$.rbac.**'),
];
