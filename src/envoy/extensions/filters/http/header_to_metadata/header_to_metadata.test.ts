import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config
request_rules:
- header: x-v
  on_header_present: {metadata_namespace: shop, key: v, type: NUMBER}
  on_header_missing: {metadata_namespace: shop, key: v, value: none}
  remove: true
`;

test('a header becomes metadata and goes; where it is missing another value stands', () => {
  const { said, upstreamHeaders } = playFilter(filter, [{ headers: [['x-v', '7']] }, {}], { kinds: ['metadata_set'] });
  expect({ said, isGone: upstreamHeaders.map((all) => all.every(([name]) => name !== 'x-v')) }).toEqual({
    said: ['info: `f` sets `v` of the metadata `shop` to 7.', 'info: `f` sets `v` of the metadata `shop` to "none".'],
    isGone: [true, true],
  });
});
