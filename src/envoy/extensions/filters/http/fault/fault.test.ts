import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['fault_delay_injected', 'fault_overflow']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
max_active_faults: 1
delay: {fixed_delay: 0.2s, percentage: {numerator: 100}}
`);

test('a second request at once is over max_active_faults: it is not delayed, and says why', () => {
  const steps = [
    {
      parallel: [
        { to: TO, path: '/1' },
        { to: TO, path: '/2', after_ms: 50 },
      ],
    },
  ];
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.flatMap(({ expect }) => expect?.responses?.map((one) => one?.status) ?? []),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [200, 200],
    said: [
      'matched: The request is picked for a delay of 200 ms.',
      'failed: No fault is done: 1 are active already, which is `max_active_faults`.',
    ],
  });
});
