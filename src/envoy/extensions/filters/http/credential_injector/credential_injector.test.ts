import { expect, test } from 'vitest';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

/** A request through a filter that has a credential, or an empty one. */
function injected(secret: string, more: string, headers: readonly (readonly [string, string])[] = []) {
  const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector
credential:
  name: generic
  typed_config: {"@type": type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic, credential: {name: key}, header: X-Key, header_value_prefix: "Key "}
${more}`;
  const secrets = `  secrets: [{name: key, generic_secret: {secret: {inline_string: "${secret}"}}}]\n`;
  const { answers, upstreams, said } = playWorld(
    {
      config: oneFilter(filter).replace('  clusters:\n', `${secrets}  clusters:\n`),
      upstreams: [{ name: 'web', address: '127.0.1.1:8001' }],
      steps: [{ request: { to: TO, path: '/', headers } }],
    },
    { kinds: ['credential_injected'], headers: /^x-key$/ },
  );
  return { answers, upstreams, said };
}

test('a request gets the credential, unless it brings its own and nothing may be overwritten', () => {
  const own = [['x-key', 'own']] as const;
  expect([injected('s', ''), injected('s', '', own), injected('s', 'overwrite: true', own)]).toEqual([
    {
      answers: ['200 web\n'],
      upstreams: ['web GET /  x-key=Key s'],
      said: ['matched: The request gets the credential `key` in `x-key`.'],
    },
    {
      answers: ['200 web\n'],
      upstreams: ['web GET /  x-key=own'],
      said: ['matched: The request has its own `x-key`.'],
    },
    {
      answers: ['200 web\n'],
      upstreams: ['web GET /  x-key=Key s'],
      said: ['matched: The request gets the credential `key` in `x-key`.'],
    },
  ]);
});

test('without a credential a request is 401, unless it may go on without', () => {
  const said = ['failed: There is no credential `key`.'];
  expect([injected('', ''), injected('', 'allow_request_without_credential: true')]).toEqual([
    { answers: ['401 Failed to inject credential.'], upstreams: [], said },
    { answers: ['200 web\n'], upstreams: ['web GET /'], said },
  ]);
});
