import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit
stat_prefix: slow
enable_mode: REQUEST_AND_RESPONSE
limit_kbps: 1
`);

test('what is more than a second may carry waits, and the trace says how long', () => {
  const steps = [{ request: { to: TO, path: '/', method: 'POST', body: 'x'.repeat(2_048) } }];
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001', replies: [{ body: 'short' }] }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true, countsStats: true });
  expect({
    status: played.steps[0]?.expect?.response?.status,
    told: played.trace.filter((one) => one.kind === 'bandwidth_limited').map((one) => one.sentence),
    stats: Object.fromEntries(Object.entries(played.stats).filter(([name]) => name.startsWith('slow.'))),
  }).toEqual({
    status: 200,
    told: ['The request of 2048 bytes takes 1000 ms at 1024 bytes a second.'],
    stats: {
      'slow.http_bandwidth_limit.request_allowed_total_size': 2_048,
      'slow.http_bandwidth_limit.request_enabled': 1,
      'slow.http_bandwidth_limit.request_enforced': 1,
      'slow.http_bandwidth_limit.request_incoming_total_size': 2_048,
      'slow.http_bandwidth_limit.response_allowed_total_size': 5,
      'slow.http_bandwidth_limit.response_enabled': 1,
      'slow.http_bandwidth_limit.response_incoming_total_size': 5,
    },
  });
});
