import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
mutations:
  query_parameter_mutations:
  - append: {record: {key: b, value: "x y"}}
  - {remove: gone}
`);

test('a query is written anew in the order of its names', () => {
  const steps = [{ request: { to: TO, path: '/p?c=1&gone=1' } }];
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => ({
      status: expect?.response?.status,
      upstream: expect?.upstream?.map(({ path }) => path),
    })),
  }).toEqual({
    answers: [
      {
        status: 200,
        upstream: ['/p?b=x%20y&c=1'],
      },
    ],
  });
});
