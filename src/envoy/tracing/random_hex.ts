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

/** A UUID of version 4. */
export function uuid(random: Random): string {
  const hex = randomHex(random, 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
