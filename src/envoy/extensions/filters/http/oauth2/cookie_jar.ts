import { cookiePairs, cookieValue } from '../../../../http/cookies.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import type { CookieKind, OAuth2Config } from './config.ts';

export type SetCookie = readonly ['set-cookie', string];

/** A cookie that only HTTP sees, for so many seconds. */
export function kept(config: OAuth2Config, kind: CookieKind, value: string, seconds: number, flow = ''): SetCookie {
  const { name, path, sameSite, isPartitioned } = config.cookies[kind];
  const tail = `${domainOf(config)};path=${path};Max-Age=${seconds};secure;HttpOnly${sameSite}${isPartitioned ? ';Partitioned' : ''}`;
  return ['set-cookie', `${suffixed(name, flow)}=${value}${tail}`];
}

export function deleted(config: OAuth2Config, kind: CookieKind, name = config.cookies[kind].name): SetCookie {
  const secure = /^__(Secure|Host)-/.test(name) ? '; Secure' : '';
  const { path } = config.cookies[kind];
  return [
    'set-cookie',
    `${name}=deleted; path=${path}; expires=Thu, 01 Jan 1970 00:00:00 GMT${domainOf(config)}${secure}`,
  ];
}

/** The cookies of one login, by its id and, as older Envoys named them, without. */
export const deletedFlow = (config: OAuth2Config, flow: string): SetCookie[] =>
  (['nonce', 'verifier'] as const).flatMap((kind) => [
    ...(flow === '' ? [] : [deleted(config, kind, suffixed(config.cookies[kind].name, flow))]),
    deleted(config, kind),
  ]);

const domainOf = ({ cookieDomain }: OAuth2Config): string => (cookieDomain === '' ? '' : `;domain=${cookieDomain}`);

const suffixed = (name: string, flow: string): string => (flow === '' ? name : `${name}.${flow}`);

/** A cookie of this login, or of one that was begun without an id. */
export const flowCookie = (
  config: OAuth2Config,
  request: HeaderMap,
  kind: CookieKind,
  flow: string,
): string | undefined =>
  cookieValue(request, suffixed(config.cookies[kind].name, flow)) || cookieValue(request, config.cookies[kind].name);

/** The names of cookies that belong to logins under way. */
export const flowCookieNames = (config: OAuth2Config, request: HeaderMap, kind: CookieKind): string[] =>
  cookiePairs(request)
    .map((pair) => pair.split('=')[0]!)
    .filter((name) => name === config.cookies[kind].name || name.startsWith(`${config.cookies[kind].name}.`));

/** Writes cookies of the request anew: others stay as they are. */
export function setCookies(request: HeaderMap, values: ReadonlyMap<string, string>): void {
  const cookies = new Map(
    cookiePairs(request).map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      return [name, rest.join('=')] as const;
    }),
  );
  for (const [name, value] of values) cookies.set(name, value);
  request.set('cookie', Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; '));
}

/** A header of which nothing is left stays, empty. */
export function removeCookies(request: HeaderMap, names: readonly string[]): void {
  if (!request.has('cookie')) return;
  const left = cookiePairs(request).filter((pair) => !names.includes(pair.split('=')[0]!));
  request.set('cookie', left.join('; '));
}

const MAX_CHUNKS = 16;

/** A token that was too long for one cookie stands in several, which say how many they are: `NAME_chunks`. */
export function joinChunks({ cookies, stats }: OAuth2Config, request: HeaderMap, kinds: readonly CookieKind[]): void {
  for (const kind of kinds) {
    const { name } = cookies[kind];
    const told = cookieValue(request, `${name}_chunks`);
    if (told === undefined) continue;
    const count = /^\d+$/.test(told) && Number(told) <= MAX_CHUNKS ? Number(told) : 0;
    const names = Array.from({ length: count }, (_, index) => `${name}_${index}`);
    const chunks = names.map((one) => cookieValue(request, one));
    if (count === 0 || chunks.includes(undefined)) {
      stats.oauth_token_cookie_malformed_chunks.inc();
      continue;
    }
    removeCookies(request, [...names, `${name}_chunks`]);
    setCookies(request, new Map([[name, chunks.join('')]]));
    stats.oauth_token_cookie_reassembled.inc();
  }
}
