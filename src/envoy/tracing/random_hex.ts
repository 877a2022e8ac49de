import type { Random } from '#sim';

const DIGITS_AT_ONCE = 8;

/** So many hexadecimal digits, a multiple of eight. */
export function randomHex(random: Random, digits: number): string {
  let text = '';
  for (let i = 0; i < digits; i += DIGITS_AT_ONCE)
    text += random
      .below(2 ** 32)
      .toString(16)
      .padStart(DIGITS_AT_ONCE, '0');
  return text;
}
