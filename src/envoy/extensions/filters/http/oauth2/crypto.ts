import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Random } from '#sim';
import { libraryOf } from '../../../../linked_library.ts';
import { base64Of, bytesOfBase64 } from '../../../../matching/base64.ts';

const IV_BYTES = 16;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Base64 of the HMAC by SHA-256. */
export const signatureOf = (secret: string, message: string): string =>
  base64Of(hmac(sha256, utf8(secret), utf8(message)));

/** Base64 of the HMAC written in hexadecimal digits, as older Envoys signed. */
export const oldSignatureOf = (secret: string, message: string): string =>
  base64Of(utf8(hexOf(hmac(sha256, utf8(secret), utf8(message)))));

/** Base64 for URLs, without padding. */
export const base64UrlOf = (bytes: Uint8Array): string =>
  base64Of(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

export const challengeOf = (verifier: string): string => base64UrlOf(sha256(utf8(verifier)));

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** So many bytes by chance. */
export const randomBytes = (random: Random, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random.below(256));

/** AES-256-CBC behind its random IV, by the SHA-256 of the secret. */
export function encrypt(text: string, secret: string, random: Random): string {
  const iv = randomBytes(random, IV_BYTES);
  const sealed = libraryOf('aes')
    .cbc(sha256(utf8(secret)), iv)
    .encrypt(utf8(text));
  return base64UrlOf(Uint8Array.from([...iv, ...sealed]));
}

/** What `encrypt` made readable again, or why it could not be read. */
export function decrypt(text: string, secret: string): { readonly text: string } | { readonly error: string } {
  const bytes = bytesOfBase64(text) ?? new Uint8Array();
  if (bytes.length <= IV_BYTES) return { error: 'Invalid encrypted data' };
  const [iv, sealed] = [bytes.slice(0, IV_BYTES), bytes.slice(IV_BYTES)];
  const { cbc } = libraryOf('aes');
  try {
    return { text: new TextDecoder().decode(cbc(sha256(utf8(secret)), iv).decrypt(sealed)) };
  } catch {
    return { error: 'failed to finalize decryption' };
  }
}
