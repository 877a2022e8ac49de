import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const action = (name: string, more: string, inner: string): string =>
  `${name}: {action: {name: ${name}, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.composite.v3.ExecuteFilterAction, ${more}typed_config: {name: i, typed_config: ${inner}}}}}`;

const TEAPOT =
  '{"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, abort: {http_status: 418, percentage: {numerator: 100}}}';
const MARK =
  '{"@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation, mutations: {request_mutations: [{append: {header: {key: x-mark, value: "1"}}}]}}';

const filter = `
"@type": type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher
extension_config: {name: c, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.composite.v3.Composite}}
xds_matcher:
  matcher_tree:
    input: {name: h, typed_config: {"@type": type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput, header_name: x-f}}
    exact_match_map:
      map:
        ${action('tea', '', TEAPOT)}
        ${action('mark', '', MARK)}
        ${action('never', 'sample_percent: {default_value: {numerator: 0}}, ', TEAPOT)}
`;

test('a request meets the filter of the action that its matcher finds, and none where the share leaves it out', () => {
  const requests = ['tea', 'mark', 'never', 'other'].map((value) => ({ headers: [['x-f', value]] as const }));
  const { statuses, upstreamHeaders } = playFilter(filter, requests, { kinds: [] });
  const marks = upstreamHeaders.map((headers) => headers.find(([name]) => name === 'x-mark')?.[1]);
  expect({ statuses, marks }).toEqual({
    statuses: [418, 200, 200, 200],
    marks: [undefined, '1', undefined, undefined],
  });
});
