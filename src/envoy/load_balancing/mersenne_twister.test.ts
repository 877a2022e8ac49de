import { expect, test } from 'vitest';
import { MersenneTwister } from './mersenne_twister.ts';

test('the numbers are those of std::mt19937 with its default seed: the ten thousandth is fixed by the standard of C++', () => {
  const random = new MersenneTwister(5489);
  const first = random.next();
  for (let i = 2; i < 10_000; i++) random.next();
  expect([first, random.next()]).toEqual([3_499_211_612, 4_123_659_995]);
});

test('a number below a limit takes the high part of what is drawn', () => {
  const random = new MersenneTwister(5489);
  expect(Array.from({ length: 6 }, () => random.below(3))).toEqual([2, 0, 2, 2, 0, 2]);
});
