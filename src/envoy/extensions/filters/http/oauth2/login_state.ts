import { bytesOfBase64 } from '../../../../matching/base64.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { hostOfAuthority, readUrl } from '../../../../http/url.ts';
import { queryParameter } from '../../../../router/route_match.ts';
import type { OAuth2Config } from './config.ts';
import { flowCookie } from './cookie_jar.ts';
import { base64UrlOf, signatureOf } from './crypto.ts';

/** What an authorization server gives back of a login, or what is wrong with it. `flow` is its id, once it can be trusted. */
export type Callback =
  | { readonly isValid: true; readonly code: string; readonly url: string; readonly flow: string }
  | { readonly isValid: false; readonly details: string; readonly flow: string };

/** A nonce with its signature: who sends it back has it from this Envoy, or from one with the same secret. */
export const csrfTokenOf = (nonce: string, hmacSecret: string): string => `${nonce}.${signatureOf(hmacSecret, nonce)}`;

/** What the authorization server hands back unread: where to go on to, and which login it is. */
export const stateOf = (url: string, csrfToken: string, flow: string): string =>
  base64UrlOf(new TextEncoder().encode(JSON.stringify({ url, csrf_token: csrfToken, flow_id: flow })));

/** Judges a request to the redirect path: OAuth2Filter::validateOAuthCallback. */
export function readCallback(config: OAuth2Config, request: HeaderMap, hmacSecret: string): Callback {
  const path = request.get(':path') ?? '';
  const shown = sortedQuery(path);
  const [code, state] = ['code', 'state'].map((name) => queryParameter(path, name));
  if (queryParameter(path, 'error') !== undefined) {
    const flow = state === undefined ? '' : readState(config, request, hmacSecret, state).flow;
    return refused(`OAuth server returned an error: ${shown}`, flow);
  }
  if (code === undefined || state === undefined) return refused(`Code or state query param does not exist: ${shown}`);
  const read = readState(config, request, hmacSecret, state);
  return read.isValid ? { ...read, code } : read;
}

/** A query in the order of its names, with its question mark: QueryParamsMulti::toString. */
function sortedQuery(path: string): string {
  const query = path.split('?')[1] ?? '';
  if (query === '') return '';
  const pairs = query
    .split('&')
    .map((part) => (part.includes('=') ? part : `${part}=`))
    .sort(byName);
  return `?${pairs.join('&')}`;
}

const nameOf = (pair: string): string => pair.split('=')[0]!;
const byName = (a: string, b: string): number => (nameOf(a) === nameOf(b) ? 0 : nameOf(a) < nameOf(b) ? -1 : 1);

const refused = (details: string, flow = ''): Callback => ({ isValid: false, details, flow });

function readState(config: OAuth2Config, request: HeaderMap, hmacSecret: string, state: string): Callback {
  const text = String.fromCharCode(...(bytesOfBase64(state) ?? []));
  const fields = fieldsOf(text);
  if (!fields) return refused(`State query param is not a valid JSON: ${text}`);
  if (!('url' in fields) || !('csrf_token' in fields))
    return refused(`State query param does not contain url or CSRF token: ${text}`);
  const [url, token, flow] = ['url', 'csrf_token', 'flow_id'].map((name) => textOf(fields[name])) as [
    string,
    string,
    string,
  ];
  // The id of the login is trusted only once the token is known to be from here.
  const [nonce = '', ...signature] = token.split('.');
  const isOwn = flowCookie(config, request, 'nonce', flow) === token;
  if (!isOwn || signatureOf(hmacSecret, nonce) !== signature.join('.')) return refused('CSRF token validation failed');
  if (!readUrl(url)) return refused(`State url can not be initialized: ${url}`, flow);
  if (!isAllowedDomain(url, config.allowedDomains))
    return refused(`State url host is not in the allowed redirect domains: ${url}`, flow);
  return { isValid: true, code: '', url, flow };
}

function fieldsOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Whether a URL's host may be gone back to; any may where no domain is listed. */
export function isAllowedDomain(url: string, domains: readonly string[]): boolean {
  if (domains.length === 0) return true;
  const authority = readUrl(url)?.authority;
  if (authority === undefined) return false;
  const host = hostOfAuthority(authority);
  return domains.some((domain) =>
    domain.startsWith('*.')
      ? host.endsWith(domain.slice(1)) && host.length > domain.length - 1
      : host.toLowerCase() === domain.toLowerCase(),
  );
}
