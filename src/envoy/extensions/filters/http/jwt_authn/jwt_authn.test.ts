import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['jwt_accepted', 'jwt_refused']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
providers: {p: {issuer: shop, local_jwks: {inline_string: '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'}}}
rules: [{match: {prefix: /in}, requires: {provider_name: p}}]
`);

test('a missing token is refused with a challenge, and the trace says what was missing', () => {
  const steps = ['/in', '/free'].map((path) => ({ request: { to: TO, path } }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => expect?.response?.status),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [401, 200],
    said: ['failed: The token of the request: Jwt is missing.', 'matched: No rule asks for a token here.'],
  });
});
