import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.basic_auth.v3.BasicAuth
users: {inline_string: "ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="}
`;

test('the password of a user lets in; another one, and none, are 401 by the filter itself', () => {
  const requests = ['Basic YW5uOnRlc3Q=', 'Basic YW5uOm5v'].map((value) => ({
    headers: [['authorization', value]] as const,
  }));
  const { statuses, said } = playFilter(filter, [...requests, {}], { kinds: ['filter_answered'] });
  expect({ statuses, said }).toEqual({
    statuses: [200, 401, 401],
    said: [401, 401].map((code) => `info: \`f\` answers ${code} by itself: no filter behind it sees the request.`),
  });
});
