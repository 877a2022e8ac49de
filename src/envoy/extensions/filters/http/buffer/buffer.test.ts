import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer
max_request_bytes: 5
`;

test('a body that fits is passed on with its length, a longer one is 413', () => {
  const requests = ['hello', 'hello!'].map((body) => ({ method: 'POST', body }));
  const { statuses, upstreamHeaders } = playFilter(filter, requests, { kinds: [] });
  expect({ statuses, length: upstreamHeaders[0]!.find(([name]) => name === 'content-length') }).toEqual({
    statuses: [200, 413],
    length: ['content-length', '5'],
  });
});
