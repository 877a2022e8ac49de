import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { textOfSource } from '../../../../data_source.ts';
import type { FactoryContext } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { compileHeaderMatcher, compilePathMatcher } from '../../../../router/route_match.ts';
import { createStats, type StatSet } from '../../../../stats/stat_set.ts';

const COUNTERS = [
  'oauth_allow_failed_passthrough',
  'oauth_failure',
  'oauth_legacy_cbc_decrypt',
  'oauth_passthrough',
  'oauth_refreshtoken_failure',
  'oauth_refreshtoken_success',
  'oauth_success',
  'oauth_token_cookie_chunked',
  'oauth_token_cookie_malformed_chunks',
  'oauth_token_cookie_oversized',
  'oauth_token_cookie_reassembled',
  'oauth_unauthorized_rq',
] as const;

const FLOW_S = 600;
const REFRESH_TOKEN_S = 604_800;

/** The cookies of a session and of a login under way: field of `CookieNames`, name by default, field of `CookieConfigs`. */
const COOKIES = {
  hmac: ['oauth_hmac', 'OauthHMAC', 'oauth_hmac_cookie_config'],
  bearer: ['bearer_token', 'BearerToken', 'bearer_token_cookie_config'],
  id: ['id_token', 'IdToken', 'id_token_cookie_config'],
  refresh: ['refresh_token', 'RefreshToken', 'refresh_token_cookie_config'],
  expires: ['oauth_expires', 'OauthExpires', 'oauth_expires_cookie_config'],
  nonce: ['oauth_nonce', 'OauthNonce', 'oauth_nonce_cookie_config'],
  verifier: ['code_verifier', 'CodeVerifier', 'code_verifier_cookie_config'],
} as const;

export type CookieKind = keyof typeof COOKIES;

export interface CookieSettings {
  readonly name: string;
  readonly path: string;
  readonly sameSite: string;
  readonly isPartitioned: boolean;
}

type Secret = () => string | undefined;

export interface OAuth2Config {
  readonly node: ConfigNode;
  readonly clientId: string;
  readonly tokenSecret: Secret;
  readonly hmacSecret: Secret;
  readonly cookies: Readonly<Record<CookieKind, CookieSettings>>;
  readonly cookieDomain: string;
  readonly isRedirectPath: (path: string) => boolean;
  readonly isSignout: (path: string) => boolean;
  readonly passesThrough: (request: HeaderMap) => boolean;
  readonly deniesRedirect: (request: HeaderMap) => boolean;
  readonly allowsFailed: (request: HeaderMap) => boolean;
  readonly usesRefreshToken: boolean;
  readonly seconds: {
    readonly nonce: number;
    readonly verifier: number;
    readonly refresh: number;
    readonly access: number;
  };
  readonly allowedDomains: readonly string[];
  readonly stats: StatSet<(typeof COUNTERS)[number], never, never>;
}

/** An `OAuth2Config`: undefined where a message has none, and nobody is asked to log in. */
export function compileConfig(node: ConfigNode | undefined, context: FactoryContext): OAuth2Config | undefined {
  if (!node) return undefined;
  const credentials = node.child('credentials');
  const secretOf = (field: string): Secret => {
    const name = credentials?.child(field)?.text('name') ?? '';
    return () => textOfSource(context.secrets.get(name)?.child('generic_secret')?.child('secret'), context.fileSystem);
  };
  const seconds = (field: string, otherwise: number): number =>
    Math.floor((durationMs(node.text(field)) ?? otherwise * 1000) / 1000);
  return {
    node,
    clientId: credentials?.text('client_id') ?? '',
    tokenSecret: secretOf('token_secret'),
    hmacSecret: secretOf('hmac_secret'),
    cookies: cookiesOf(node),
    cookieDomain: credentials?.text('cookie_domain') ?? '',
    isRedirectPath: compilePath(node.child('redirect_path_matcher')),
    isSignout: compilePath(node.child('signout_path')),
    passesThrough: anyHeader(node.list('pass_through_matcher')),
    deniesRedirect: anyHeader(node.list('deny_redirect_matcher')),
    allowsFailed: anyHeader(node.list('allow_failed_matcher')),
    usesRefreshToken: node.raw('use_refresh_token') !== false,
    seconds: {
      nonce: seconds('csrf_token_expires_in', FLOW_S),
      verifier: seconds('code_verifier_token_expires_in', FLOW_S),
      refresh: seconds('default_refresh_token_expires_in', REFRESH_TOKEN_S),
      access: seconds('default_expires_in', 0),
    },
    allowedDomains: node.texts('allowed_redirect_domains'),
    stats: createStats(context.stats, context.statPrefix + (node.text('stat_prefix') ?? ''), { counters: COUNTERS }),
  };
}

function cookiesOf(node: ConfigNode): OAuth2Config['cookies'] {
  const names = node.child('credentials')?.child('cookie_names');
  const settings = node.child('cookie_configs');
  const one = (kind: CookieKind): CookieSettings => {
    const [field, name, config] = COOKIES[kind];
    const own = settings?.child(config);
    const sameSite = own?.text('same_site') ?? 'DISABLED';
    return {
      name: names?.text(field) || name,
      path: own?.text('path') || '/',
      sameSite: sameSite === 'DISABLED' ? '' : `;SameSite=${sameSite[0]}${sameSite.slice(1).toLowerCase()}`,
      isPartitioned: own?.flag('partitioned') ?? false,
    };
  };
  return {
    hmac: one('hmac'),
    bearer: one('bearer'),
    id: one('id'),
    refresh: one('refresh'),
    expires: one('expires'),
    nonce: one('nonce'),
    verifier: one('verifier'),
  };
}

/** Both paths are required: a message without one has been refused. */
const compilePath = (node: ConfigNode | undefined): ((path: string) => boolean) =>
  node ? compilePathMatcher(node) : () => false;

function anyHeader(nodes: readonly ConfigNode[]): (request: HeaderMap) => boolean {
  const matchers = nodes.map(compileHeaderMatcher);
  return (request) => matchers.some((mismatch) => mismatch(request, '') === undefined);
}
