import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.custom_response.v3.CustomResponse
custom_response_matcher:
  matcher_tree:
    input: {name: s, typed_config: {"@type": type.googleapis.com/envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput}}
    exact_match_map:
      map:
        "503":
          action:
            name: a
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy
              status_code: 499
              body: {inline_string: sorry}
`;

test('an answer of the status that is matched is given with another one; others stay as they are', () => {
  const answer = (status: number): (number | undefined)[] =>
    playFilter(filter, [{}], { kinds: [], replies: [{ status }] }).statuses as (number | undefined)[];
  expect([answer(503), answer(500), answer(200)]).toEqual([[499], [500], [200]]);
});
