import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config
metadata:
- {metadata_namespace: shop, value: {plan: free}}
- {metadata_namespace: shop, value: {plan: gold}}
- {metadata_namespace: shop, allow_overwrite: true, value: {seats: 3}}
`;

test('what is there stays unless an overwrite is allowed, and each thing that is set is told', () => {
  const { said } = playFilter(filter, [{}], { kinds: ['metadata_set'] });
  expect(said).toEqual([
    'info: `f` sets `plan` of the metadata `shop` to "free".',
    'info: `f` sets `seats` of the metadata `shop` to 3.',
  ]);
});
