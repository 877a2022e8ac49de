import { readFileSync } from 'node:fs';
import * as aes from '@noble/ciphers/aes.js';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario, type UpstreamSpec } from '#world';
import { linkLibrary } from '../../../../linked_library.ts';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

linkLibrary('aes', aes);
const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));

const config = `${oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.oauth2.v3.OAuth2
config:
  token_endpoint: {cluster: idp, uri: idp.example/token, timeout: 1s}
  authorization_endpoint: https://idp.example/authorize
  redirect_uri: "http://%REQ(:authority)%/callback"
  redirect_path_matcher: {path: {exact: /callback}}
  signout_path: {path: {exact: /signout}}
  forward_bearer_token: true
  credentials: {client_id: shop, token_secret: {name: token}, hmac_secret: {name: hmac}}
`)}  - name: idp
    load_assignment: {cluster_name: idp, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.9, port_value: 8009}}}}]}]}
  secrets:
  - {name: token, generic_secret: {secret: {inline_string: token-secret}}}
  - {name: hmac, generic_secret: {secret: {inline_string: hmac-secret}}}
`;

const upstreams: UpstreamSpec[] = [
  { name: 'web', address: '127.0.1.1:8001' },
  {
    name: 'idp',
    address: '127.0.1.9:8009',
    replies: [{ body: '{"access_token":"acc","expires_in":60,"refresh_token":"ref"}' }],
  },
];

/** A client with the cookies that it was given: each step is one request, and what came of it. */
function browse(paths: readonly (string | ((location: URL) => string))[]) {
  const steps: { request: { to: string; path: string; headers: [string, string][] } }[] = [];
  const jar = new Map<string, string>();
  let location = new URL('http://unknown/');
  const seen = paths.map((path) => {
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ');
    const asked = typeof path === 'string' ? path : path(location);
    steps.push({ request: { to: TO, path: asked, headers: cookie === '' ? [] : [['cookie', cookie]] } });
    const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
    const answer = played.steps.at(-1)!.expect!;
    const headers = answer.response?.headers ?? [];
    for (const [name, value] of headers) {
      const [, key = '', held = ''] = /^([^=]+)=([^;]*)/.exec(value) ?? [];
      if (name === 'set-cookie' && held === 'deleted') jar.delete(key);
      else if (name === 'set-cookie') jar.set(key, held);
      if (name === 'location') location = new URL(value);
    }
    const bearer = answer.upstream?.at(-1)?.headers?.find(([name]) => name === 'authorization')?.[1];
    return {
      status: answer.response?.status,
      location: headers.some(([name]) => name === 'location') ? location.origin + location.pathname : undefined,
      cookies: [...jar.keys()].map((name) => name.split('.')[0]),
      bearer,
      said: played.trace.filter(({ kind }) => kind === 'oauth2_session').at(-1)?.sentence,
    };
  });
  return seen;
}

test('a login goes to the authorization server and comes back with a session, which signing out ends', () => {
  const callback = ({ searchParams }: URL): string => `/callback?code=c1&state=${searchParams.get('state')}`;
  const nobody = 'The request has no cookie `OauthHMAC`: nobody is logged in.';
  const login = ['OauthNonce', 'OauthNonce', 'CodeVerifier', 'CodeVerifier'];
  const session = ['OauthHMAC', 'OauthExpires', 'BearerToken', 'RefreshToken'];
  expect(browse(['/shop', callback, '/shop', '/signout'])).toEqual([
    { status: 302, location: 'https://idp.example/authorize', cookies: login, bearer: undefined, said: nobody },
    { status: 302, location: 'http://example.com/shop', cookies: session, bearer: undefined, said: nobody },
    {
      status: 200,
      location: undefined,
      cookies: session,
      bearer: 'Bearer acc',
      said: 'The session is signed and not over.',
    },
    // Who signs out is not asked for a session: the last that was said is of the request before.
    {
      status: 302,
      location: 'http://example.com/',
      cookies: [],
      bearer: undefined,
      said: 'The session is signed and not over.',
    },
  ]);
});

test('a callback that this Envoy did not start is refused', () => {
  const [, answer] = browse(['/shop', '/callback?code=c1&state=e30']);
  expect(answer?.status).toBe(401);
});
