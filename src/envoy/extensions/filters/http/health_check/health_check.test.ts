import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['health_check_answered']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck
pass_through_mode: true
cache_time: 10s
headers: [{name: ":path", string_match: {exact: /hc}}]
`);

test('a health check is answered from the last answer of the upstream while that is fresh', () => {
  const steps = ['/hc', '/hc', '/x'].map((path) => ({ request: { to: TO, path } }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001', replies: [{ status: 503 }, { status: 200 }] }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => expect?.response?.status),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [503, 503, 200],
    said: ['failed: Envoy answers the health check by itself: 503 (health_check_cached).'],
  });
});
