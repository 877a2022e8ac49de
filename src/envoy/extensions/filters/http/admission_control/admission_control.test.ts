import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.admission_control.v3.AdmissionControl
max_rejection_probability: {default_value: {value: 100}}
success_criteria: {http_criteria: {http_success_status: [{start: 100, end: 500}]}}
`);

test('the more requests have failed, the more are turned away, and each one that is says why', () => {
  const steps = Array.from({ length: 40 }, () => ({ request: { to: TO, path: '/' } }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001', replies: [{ status: 500 }] }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true, countsStats: true });
  const turnedAway = played.trace.filter((one) => one.kind === 'admission_rejected');
  const statuses = played.steps.map((step) => step.expect?.response?.status);
  expect({
    first: statuses[0],
    rejected: statuses.filter((one) => one === 503).length,
    counted: played.stats['http.i.admission_control.rq_rejected'],
    failures: played.stats['http.i.admission_control.rq_failure'],
    sentence: turnedAway[0]?.sentence,
    state: turnedAway[0]?.state,
  }).toEqual({
    first: 500,
    rejected: 32,
    counted: 32,
    failures: 8,
    sentence: 'Too many requests have failed: one in 1.3 is turned away, and this is one of them.',
    state: 'failed',
  });
});
