import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth
credentials: [{key: k1, client: ann}]
key_sources: [{header: x-key}, {cookie: key}]
forwarding: {header: x-client, hide_credentials: true}
`;

test('a key is found in its places, hidden from the upstream, and its client is told', () => {
  const requests = [
    ['x-key', 'k1'],
    ['cookie', 'a=b; key="k1"'],
    ['x-key', 'other'],
  ] as const;
  const { statuses, upstreamHeaders } = playFilter(
    filter,
    requests.map((header) => ({ headers: [header] })),
    { kinds: [] },
  );
  const names = new Set(['x-key', 'cookie', 'x-client']);
  expect({ statuses, told: upstreamHeaders.map((all) => all.filter(([name]) => names.has(name))) }).toEqual({
    statuses: [200, 200, 401],
    told: [
      [['x-client', 'ann']],
      [
        ['x-client', 'ann'],
        ['cookie', 'a=b'],
      ],
      [],
    ],
  });
});
