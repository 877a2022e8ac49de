import { createHmac } from 'node:crypto';

const TYPE = 'type.googleapis.com/';
const HTTP = `${TYPE}envoy.extensions.filters.http`;
const HCM = `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;

export const PORTS = { listener: 19_781, admin: 19_782, upstream: 19_783 } as const;

/** How large a configuration is, in the three ways that cost a request time. */
export interface Size {
  readonly routes: number;
  readonly hosts: number;
  readonly filters: number;
}

const KEY = Buffer.from('a secret that only this measurement knows').toString('base64url');

/** A token that `jwt_authn` takes: the same for every request, as a client sends it. */
export function bearerToken(): string {
  const text = [
    { alg: 'HS256', typ: 'JWT', kid: 'k' },
    { iss: 'bench', exp: 4_102_444_800 },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${createHmac('sha256', Buffer.from(KEY, 'base64url')).update(text).digest('base64url')}`;
}

const filter = (name: string, type: string, config: object): object => ({
  name,
  typed_config: { '@type': `${HTTP}.${type}`, ...config },
});

/** Ten filters that all have something to do with each request, and let it pass. */
const FILTERS: readonly object[] = [
  filter('jwt', 'jwt_authn.v3.JwtAuthentication', {
    providers: {
      p: {
        issuer: 'bench',
        local_jwks: { inline_string: JSON.stringify({ keys: [{ kty: 'oct', kid: 'k', alg: 'HS256', k: KEY }] }) },
      },
    },
    rules: [{ match: { prefix: '/' }, requires: { provider_name: 'p' } }],
  }),
  filter('rbac', 'rbac.v3.RBAC', {
    rules: {
      policies: {
        readers: { permissions: [{ url_path: { path: { prefix: '/shop' } } }], principals: [{ any: true }] },
      },
    },
  }),
  filter('limit', 'local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: 'limit',
    token_bucket: { max_tokens: 4_000_000_000, fill_interval: '60s' },
    filter_enabled: { default_value: { numerator: 100 } },
    filter_enforced: { default_value: { numerator: 100 } },
  }),
  filter('lua', 'lua.v3.Lua', {
    default_source_code: { inline_string: 'function envoy_on_request(h) h:headers():add("x-lua", "yes") end' },
  }),
  filter('header_to_metadata', 'header_to_metadata.v3.Config', {
    request_rules: [{ header: 'user-agent', on_header_present: { metadata_namespace: 'bench', key: 'agent' } }],
  }),
  filter('mutation', 'header_mutation.v3.HeaderMutation', {
    mutations: { request_mutations: [{ append: { header: { key: 'x-bench', value: '%REQ(:PATH)%' } } }] },
  }),
  filter('fault', 'fault.v3.HTTPFault', { abort: { http_status: 503, percentage: { numerator: 0 } } }),
  filter('cors', 'cors.v3.Cors', {}),
  filter('csrf', 'csrf.v3.CsrfPolicy', { filter_enabled: { default_value: { numerator: 100 } } }),
  filter('set_metadata', 'set_metadata.v3.Config', { metadata: [{ metadata_namespace: 'bench', value: { a: 1 } }] }),
];

const socket = (address: string, port_value: number): object => ({ socket_address: { address, port_value } });

/** A bootstrap of the given size whose last route, at the end of the list, is the one that fits. */
export function bootstrapOf({ routes, hosts, filters }: Size, cluster: object = {}): object {
  const before = Array.from({ length: routes - 1 }, (_, i) => ({
    name: `r${i}`,
    match: { prefix: `/p${i}/`, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
    route: { cluster: 'web', timeout: '15s' },
  }));
  const manager = {
    '@type': HCM,
    stat_prefix: 'bench',
    route_config: {
      name: 'local',
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [...before, { match: { prefix: '/' }, route: { cluster: 'web' } }] },
      ],
    },
    http_filters: [...FILTERS.slice(0, filters), filter('router', 'router.v3.Router', {})],
  };
  const lb_endpoints = Array.from({ length: hosts }, () => ({
    endpoint: { address: socket('127.0.0.1', PORTS.upstream) },
  }));
  return {
    admin: { address: socket('127.0.0.1', PORTS.admin) },
    static_resources: {
      listeners: [
        {
          name: 'l',
          address: socket('127.0.0.1', PORTS.listener),
          filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'web',
          type: 'STATIC',
          load_assignment: { cluster_name: 'web', endpoints: [{ lb_endpoints }] },
          ...cluster,
        },
      ],
    },
  };
}
