import { expect, test } from 'vitest';
import { xxHash64 } from './xx_hash64.ts';

test('xxHash64 gives the published values for texts shorter and longer than one stripe', () => {
  const hex = (text: string, seed?: bigint): string => xxHash64(text, seed).toString(16);
  expect([
    hex(''),
    hex('a'),
    hex('abc'),
    hex('Nobody inspects the spammish repetition'),
    hex('a', 1n) === hex('a'),
  ]).toEqual(['ef46db3751d8e999', 'd24ec4f1a98c6e5b', '44bc2cf5ad770999', 'fbcea83c8a378bf1', false]);
});
