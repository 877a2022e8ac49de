import { durationMs } from '#api';
import type { Call, HttpClient } from '../../../../http/clients.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import { hostAndPath } from '../../../../http/url.ts';
import { base64Of } from '../../../../matching/base64.ts';
import type { OAuth2Config } from './config.ts';

/** What is shown to get tokens: the code of a login, or a token to refresh them with. */
export type Grant =
  | { readonly kind: 'code'; readonly code: string; readonly redirectUri: string; readonly verifier: string }
  | { readonly kind: 'refresh'; readonly token: string };

export interface Tokens {
  readonly access: string;
  readonly id: string;
  readonly refresh: string;
  readonly seconds: number;
}

type Answer =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  /** The endpoint answered with a status that is not 200. */
  | { readonly kind: 'refused'; readonly details: string }
  /** An answer that no tokens can be read from. */
  | { readonly kind: 'unreadable'; readonly details: string };

/** Percent-encodes all that a form or a query gives a meaning to. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/** Encodes what a form separates its fields by, and leaves the rest: PercentEncoding::encode. */
const formEncoded = (text: string): string =>
  text.replace(/[:/=&?+]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/** Asks the token endpoint: extensions/filters/http/oauth2/oauth_client.cc. */
export function askForTokens(
  config: OAuth2Config,
  client: HttpClient,
  grant: Grant,
  answered: (answer: Answer) => void,
): Call | undefined {
  const endpoint = config.node.child('token_endpoint');
  const cluster = endpoint?.text('cluster') ?? '';
  if (!client.hasCluster(cluster))
    return void answered({ kind: 'refused', details: 'Token endpoint cluster not found' });
  const { host, path } = hostAndPath(endpoint?.text('uri') ?? '');
  const body = bodyOf(config, grant);
  const headers = new HeaderMap([
    [':method', 'POST'],
    [':path', path],
    [':authority', host],
    ['content-type', 'application/x-www-form-urlencoded'],
    ['accept', 'application/json'],
  ]);
  if (config.node.text('auth_type') === 'BASIC_AUTH')
    headers.set(
      'authorization',
      `Basic ${base64Of(new TextEncoder().encode(`${config.clientId}:${config.tokenSecret() ?? ''}`))}`,
    );
  headers.set('content-length', String(body.length));
  const timeoutMs = durationMs(endpoint?.text('timeout')) ?? 0;
  const retryPolicy = config.node.child('retry_policy');
  return client.send({ cluster, headers, body, timeoutMs, retryPolicy, sendsForwardedFor: true }, ({ response }) =>
    answered(
      response.status === 200
        ? readTokens(response.body, config.seconds.access)
        : {
            kind: 'refused',
            details: `Failed to get access token: response code: ${response.status}, response body: ${response.body}`,
          },
    ),
  );
}

function bodyOf(config: OAuth2Config, grant: Grant): string {
  const authType = config.node.text('auth_type') ?? 'URL_ENCODED_BODY';
  const fields: [string, string][] =
    grant.kind === 'code'
      ? [
          ['grant_type', 'authorization_code'],
          ['code', grant.code],
        ]
      : [
          ['grant_type', 'refresh_token'],
          ['refresh_token', formEncoded(grant.token)],
        ];
  if (authType !== 'BASIC_AUTH') fields.push(['client_id', formEncoded(config.clientId)]);
  if (authType === 'URL_ENCODED_BODY') fields.push(['client_secret', formEncoded(config.tokenSecret() ?? '')]);
  if (grant.kind === 'code')
    fields.push(['redirect_uri', formEncoded(grant.redirectUri)], ['code_verifier', grant.verifier]);
  return fields.map(([name, value]) => `${name}=${value}`).join('&');
}

/** `OAuthResponse` as JSON: oauth_response.proto. */
function readTokens(body: string, defaultSeconds: number): Answer {
  let read: Record<string, unknown>;
  try {
    read = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return { kind: 'unreadable', details: `Failed to parse oauth response body: response body: ${body}` };
  }
  const text = (name: string): string => (typeof read[name] === 'string' ? read[name] : '');
  if (read['access_token'] === undefined)
    return {
      kind: 'unreadable',
      details: `No access token found in the token exchange response: response body: ${body}`,
    };
  const seconds = Math.floor(Number(read['expires_in'] ?? defaultSeconds)) || 0;
  if (seconds <= 0)
    return {
      kind: 'unreadable',
      details: `No default or explicit access token expiration found in the token exchange response: response body: ${body}`,
    };
  return {
    kind: 'tokens',
    tokens: { access: text('access_token'), id: text('id_token'), refresh: text('refresh_token'), seconds },
  };
}
