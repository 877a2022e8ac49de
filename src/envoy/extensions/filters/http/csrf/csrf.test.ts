import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['csrf_checked']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.csrf.v3.CsrfPolicy
filter_enabled: {default_value: {numerator: 100}}
`);

test('a changing request of another origin is refused, and one that hides its origin too', () => {
  const steps = ['http://example.com', 'http://evil.example', 'null'].map((origin) => ({
    request: { to: TO, path: '/', method: 'POST', headers: [['origin', origin]] as const },
  }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => expect?.response?.status),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [200, 403, 403],
    said: [
      'matched: The request comes from example.com and goes to example.com.',
      'failed: The request comes from evil.example and goes to example.com.',
      'failed: The request comes from nowhere that it names and goes to example.com.',
    ],
  });
});
