import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['token_taken']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
stat_prefix: l
filter_enabled: {default_value: {numerator: 100}}
filter_enforced: {default_value: {numerator: 100}}
token_bucket: {max_tokens: 9, fill_interval: 60s}
rate_limits: [{actions: [{request_headers: {header_name: x-user, descriptor_key: user}}]}]
descriptors: [{entries: [{key: user}], token_bucket: {max_tokens: 1, fill_interval: 60s}}]
`);

test('a descriptor without a value has a bucket for each value that comes, beside the common one', () => {
  const steps = ['ann', 'ann', 'bob'].map((user) => ({
    request: { to: TO, path: '/', headers: [['x-user', user]] as const },
  }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => expect?.response?.status),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [200, 429, 200],
    said: [
      'matched: A token is there: 0 of 1 are left.',
      'failed: The bucket of 1 is empty.',
      'matched: A token is there: 0 of 1 are left.',
    ],
  });
});
