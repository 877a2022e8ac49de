const MASK = 0xffffffffffffffffn;
const MULTIPLIER = 0xc6a4a7935bd1e995n;
/** Of `std::hash` in libstdc++, which it has to equal: common/common/hash.h. */
const SEED = 0xc70f6907n;

const shiftMix = (value: bigint): bigint => value ^ (value >> 47n);
const times = (a: bigint, b: bigint): bigint => (a * b) & MASK;

/** MurmurHash2 of 64 bits, of a text of bytes. */
export function murmurHash2(text: string, seed = SEED): bigint {
  const bytes = new TextEncoder().encode(text);
  const aligned = bytes.length & ~7;
  let hash = seed ^ times(BigInt(bytes.length), MULTIPLIER);
  for (let at = 0; at < aligned; at += 8) {
    const word = times(shiftMix(times(littleEndian(bytes, at, 8), MULTIPLIER)), MULTIPLIER);
    hash = times(hash ^ word, MULTIPLIER);
  }
  if (bytes.length > aligned) hash = times(hash ^ littleEndian(bytes, aligned, bytes.length - aligned), MULTIPLIER);
  return shiftMix(times(shiftMix(hash), MULTIPLIER));
}

function littleEndian(bytes: Uint8Array, at: number, count: number): bigint {
  let word = 0n;
  for (let i = count - 1; i >= 0; i--) word = (word << 8n) | BigInt(bytes[at + i]!);
  return word;
}
