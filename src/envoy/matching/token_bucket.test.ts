import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { TokenBucket } from './token_bucket.ts';

const bucketOf = (config: Record<string, string | number>): TokenBucket =>
  new TokenBucket(new ConfigNode(config, { resource: '', path: [] }), 0);

test('tokens come one by one, not all at the end of the interval', () => {
  const bucket = bucketOf({ max_tokens: 2, tokens_per_fill: 2, fill_interval: '300s' });
  const taken = [0, 0, 0].map((nowMs) => bucket.take(nowMs));
  expect({
    taken,
    resetS: bucket.resetSeconds(1_000),
    early: bucket.take(149_999),
    one: bucket.take(150_000),
    left: bucket.remaining,
  }).toEqual({ taken: [true, true, false], resetS: 149, early: false, one: true, left: 0 });
});

test('a bucket never holds more than its maximum, and gives several at once only if it has them all', () => {
  const bucket = bucketOf({ max_tokens: 5, tokens_per_fill: 1, fill_interval: '1s' });
  expect([bucket.take(0, 3), bucket.take(0, 3), bucket.remaining, bucket.take(60_000, 5), bucket.remaining]).toEqual([
    true,
    false,
    2,
    true,
    0,
  ]);
});
