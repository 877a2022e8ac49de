import { expect, test } from 'vitest';
import { secondsOfHttpDate } from './http_date.ts';

test('a date is read in each of the three forms of HTTP, and nothing else is one', () => {
  const texts = [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Thu, 29 Feb 2024 00:00:00 GMT',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Sun, 06 Nix 1994 08:49:37 GMT',
    'tomorrow',
  ];
  expect(texts.map(secondsOfHttpDate)).toEqual([
    784_111_777,
    784_111_777,
    784_111_777,
    1_709_164_800,
    0,
    undefined,
    undefined,
  ]);
});
