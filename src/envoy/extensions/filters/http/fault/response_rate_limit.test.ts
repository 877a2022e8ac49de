import { expect, test } from 'vitest';
import { slowedMs } from './response_rate_limit.ts';

test('a slice goes at once and one more each 50 ms, so what fits into the first is not slowed', () => {
  // 1 KiB a second is 51 bytes in 50 ms.
  expect([0, 51, 52, 102, 1_024].map((bytes) => slowedMs(bytes, 1))).toEqual([0, 0, 50, 50, 1_000]);
});
