import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSession
session_state:
  name: envoy.http.stateful_session.header
  typed_config: {"@type": type.googleapis.com/envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState, name: x-host}
strict: true
`;
/** Base64 of an address. */
const known = 'MTI3LjAuMS4xOjgwMDE=';
const gone = 'MTI3LjAuMS45OjgwMDE=';

test('a client comes back to the host that it names; where it must and the host is gone, the answer is 503', () => {
  const requests = [known, gone].map((value) => ({ headers: [['x-host', value]] as const }));
  expect(playFilter(filter, [...requests, {}], { kinds: [] }).statuses).toEqual([200, 503, 200]);
});
