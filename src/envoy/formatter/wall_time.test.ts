import { expect, test } from 'vitest';
import { wallTime } from './wall_time.ts';

test('a moment is written in ISO 8601, and by strftime with the digits behind the second', () => {
  const moment = 1_790_000_000_042;
  expect([
    wallTime(moment, ''),
    wallTime(moment, '%Y/%m/%dT%H:%M:%S%z %s.%3f'),
    wallTime(moment, '%a %b %e %j %E6S %p %%'),
    wallTime(951_782_400_000, '%F %A'),
  ]).toEqual([
    '2026-09-21T14:13:20.042Z',
    '2026/09/21T14:13:20+0000 1790000000.042',
    'Mon Sep 21 264 20.042000 PM %',
    '2000-02-29 Tuesday',
  ]);
});
