import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['jwks_fetched', 'jwt_accepted', 'jwt_refused']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
providers: {p: {issuer: shop, remote_jwks: {http_uri: {uri: "http://keys.example/set", cluster: web, timeout: 1s}}}}
rules: [{match: {prefix: /in}, requires: {provider_name: p}}]
`);

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = `${base64url({ alg: 'RS256' })}.${base64url({ iss: 'shop' })}.aa`;

test('keys that cannot be fetched refuse the request, and the next one fetches again', () => {
  const request = { to: TO, path: '/in', headers: [['authorization', `Bearer ${token}`]] as const };
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001', replies: [{ status: 503 }] }];
  const played = playScenario(
    api,
    { config, upstreams, steps: [{ request }, { request }] },
    { seed: '1', trace: true },
  );
  expect({
    answers: played.steps.map(({ expect }) => `${expect?.response?.status} ${expect?.response?.body}`),
    asked: played.steps.map(({ expect }) => expect?.upstream?.map(({ path }) => path)),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: ['401 Jwks remote fetch is failed', '401 Jwks remote fetch is failed'],
    asked: [['/set'], ['/set']],
    said: [
      'info: The keys of the provider `p` are not at hand: they are fetched first.',
      'failed: The token of the request: Jwks remote fetch is failed.',
      'info: The keys of the provider `p` are not at hand: they are fetched first.',
      'failed: The token of the request: Jwks remote fetch is failed.',
    ],
  });
});
