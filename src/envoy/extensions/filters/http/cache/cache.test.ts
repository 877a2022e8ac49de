import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.cache.v3.CacheConfig
typed_config: {"@type": type.googleapis.com/envoy.extensions.http.cache.simple_http_cache.v3.SimpleHttpCacheConfig}
`;
const FUTURE = ['date', 'Fri, 25 Nov 2050 11:00:00 GMT'] as const;
const KINDS = { kinds: ['cache_looked_up'] };
const MISS = 'failed: Nothing is kept for this scheme, host and path: the cluster is asked.';

test('a fresh answer is given again without asking, one without a date never is, and each look-up says why', () => {
  const kept = ['cache-control', 'max-age=60'] as const;
  const fresh = playFilter(filter, [{}, {}, { method: 'POST' }], { ...KINDS, replies: [{ headers: [kept, FUTURE] }] });
  const dateless = playFilter(filter, [{}, {}], { ...KINDS, replies: [{ headers: [kept] }] });
  expect([fresh.said, dateless.said]).toEqual([
    [
      MISS,
      'info: The answer is kept.',
      'matched: The answer of 0 s ago is fresh: no upstream is asked.',
      'info: The request is not looked up in the cache: its method is POST.',
    ],
    [
      MISS,
      'info: The answer is kept.',
      'failed: What is kept has to be validated: it has no `date`, and so no age that could be fresh: the cluster is asked.',
      'info: The answer is kept.',
    ],
  ]);
});

test('a part of what is kept is a 206, a part behind its end a 416, and what may not be kept is asked for again', () => {
  const range = (value: string) => ({ headers: [['range', value]] as const });
  const kept = { body: 'abcdef', headers: [['cache-control', 'max-age=60'], FUTURE] as const };
  const parts = playFilter(filter, [{}, range('bytes=1-2'), range('bytes=-2'), range('bytes=9-')], {
    ...KINDS,
    replies: [kept],
  });
  const secret = playFilter(filter, [{}, {}], { ...KINDS, replies: [{ headers: [['cache-control', 'private']] }] });
  expect([parts.statuses, secret.said]).toEqual([
    [200, 206, 206, 416],
    [
      MISS,
      'info: The answer is not kept: `cache-control` forbids it.',
      MISS,
      'info: The answer is not kept: `cache-control` forbids it.',
    ],
  ]);
});
