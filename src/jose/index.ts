import { p256, p384, p521 } from '@noble/curves/nist.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { JsonObject } from '#api';
import { bytesOfBase64, type JoseLibrary } from '#envoy';

const HASHES = { 1: sha1, 256: sha256, 384: sha384, 512: sha512 } as const;
const CURVES = { ES256: p256, ES384: p384, ES512: p521 } as const;
/** The DER head of a DigestInfo, by hash: RFC 8017, 9.2. */
const DIGEST_INFO = {
  1: '3021300906052b0e03021a05000414',
  256: '3031300d060960864801650304020105000420',
  384: '3041300d060960864801650304020205000430',
  512: '3051300d060960864801650304020305000440',
} as const;

/** Signatures of JSON Web Tokens: the curves and hashes of noble, and RSA on top of them. */
export const jose: JoseLibrary = { isSigned };

function isSigned(key: JsonObject, alg: string, message: Uint8Array, signature: Uint8Array): boolean {
  if (alg in CURVES)
    return CURVES[alg as keyof typeof CURVES].verify(
      signature,
      message,
      joined([Uint8Array.of(4), fieldOf(key, 'x'), fieldOf(key, 'y')]),
      { lowS: false },
    );
  if (alg === 'EdDSA') return ed25519.verify(signature, message, fieldOf(key, 'x'));
  const size = Number(alg.slice(2)) as keyof typeof HASHES;
  if (alg.startsWith('HS')) return isEqual(hmac(HASHES[size], fieldOf(key, 'k'), message), signature);
  if (alg.startsWith('PS')) return isPssSigned(key, HASHES[size], message, signature);
  return isRsaSigned(key, size, HASHES[size](message), signature);
}

const fieldOf = (key: JsonObject, name: string): Uint8Array =>
  bytesOfBase64(String(key[name] ?? '')) ?? new Uint8Array();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${hexOf(bytes) || '0'}`);

/** RSASSA-PKCS1-v1_5: the signature to the public exponent is the padded digest. */
function isRsaSigned(
  key: JsonObject,
  size: keyof typeof DIGEST_INFO,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const modulus = fieldOf(key, 'n');
  const opened = power(numberOf(signature), numberOf(fieldOf(key, 'e')), numberOf(modulus));
  const tail = `00${DIGEST_INFO[size]}${hexOf(digest)}`;
  const padded = `0001${'ff'.repeat(modulus.length - 2 - tail.length / 2)}${tail}`;
  return opened.toString(16).padStart(modulus.length * 2, '0') === padded;
}

/** RSASSA-PSS with a salt as long as the hash: RFC 8017, 9.1.2. */
function isPssSigned(
  key: JsonObject,
  hash: (typeof HASHES)[keyof typeof HASHES],
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const modulus = fieldOf(key, 'n');
  const opened = power(numberOf(signature), numberOf(fieldOf(key, 'e')), numberOf(modulus));
  const bits = numberOf(modulus).toString(2).length - 1;
  const size = Math.ceil(bits / 8);
  const encoded = bytesOfHex(opened.toString(16).padStart(size * 2, '0'));
  const digest = hash(message);
  if (encoded.length !== size || encoded.at(-1) !== 0xbc) return false;
  const masked = encoded.slice(0, size - digest.length - 1);
  const own = encoded.slice(size - digest.length - 1, size - 1);
  const mask = maskOf(hash, own, masked.length);
  const data = masked.map((byte, i) => byte ^ mask[i]!);
  data[0]! &= 0xff >> (8 * size - bits);
  const salt = data.slice(data.length - digest.length);
  const padding = data.slice(0, data.length - digest.length);
  return (
    padding.every((byte, i) => byte === (i === padding.length - 1 ? 1 : 0)) &&
    isEqual(hash(joined([new Uint8Array(8), digest, salt])), own)
  );
}

/** MGF1: hashes of the seed and a counter, one after the other. */
function maskOf(hash: (typeof HASHES)[keyof typeof HASHES], seed: Uint8Array, length: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let made = 0, i = 0; made < length; i++) {
    const part = hash(joined([seed, Uint8Array.of(i >>> 24, (i >>> 16) & 255, (i >>> 8) & 255, i & 255)]));
    parts.push(part);
    made += part.length;
  }
  return joined(parts).slice(0, length);
}

const bytesOfHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(i * 2, i * 2 + 2), 16));

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let out = 1n;
  for (let [square, left] = [base % modulus, exponent]; left > 0n; left >>= 1n) {
    if (left & 1n) out = (out * square) % modulus;
    square = (square * square) % modulus;
  }
  return out;
}
