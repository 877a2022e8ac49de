import type { Random } from '#sim';

const DIGITS_AT_ONCE = 8;
/** Two digits of each byte: ids are made for every request. */
const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** So many hexadecimal digits, a multiple of eight. */
export function randomHex(random: Random, digits: number): string {
  let text = '';
  for (let i = 0; i < digits; i += DIGITS_AT_ONCE) {
    const drawn = random.below(2 ** 32);
    text += BYTES[drawn >>> 24]! + BYTES[(drawn >>> 16) & 255]! + BYTES[(drawn >>> 8) & 255]! + BYTES[drawn & 255]!;
  }
  return text;
}
