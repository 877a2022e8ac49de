import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher
extension_config:
  name: f
  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, abort: {http_status: 503, percentage: {numerator: 100}}}
xds_matcher:
  matcher_tree:
    input: {name: h, typed_config: {"@type": type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput, header_name: x-skip}}
    exact_match_map:
      map:
        "1": {action: {name: s, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.common.matcher.action.v3.SkipFilter}}}
`;

test('a filter is skipped where its matcher says so, and runs for every other request', () => {
  const requests = [{ headers: [['x-skip', '1']] as const }, { headers: [['x-skip', '2']] as const }, {}];
  expect(playFilter(filter, requests, { kinds: [] }).statuses).toEqual([200, 503, 503]);
});
