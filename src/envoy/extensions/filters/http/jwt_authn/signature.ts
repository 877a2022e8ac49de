import type { JsonObject } from '#api';
import { libraryOf, type JoseLibrary } from '../../../../linked_library.ts';

/** A key of a JSON Web Key Set. */
export interface Jwk {
  readonly kid: string | undefined;
  readonly alg: string | undefined;
  readonly kty: string;
  readonly fields: JsonObject;
}

export const SUPPORTED_ALGORITHMS: ReadonlySet<string> = new Set([
  'ES256',
  'ES384',
  'ES512',
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
]);

/** Tokens of one key whose verdict is kept: a client sends the same one again and again. */
const MAX_KEPT = 1_000;
const kept = new WeakMap<Jwk, Map<string, boolean>>();

/** Whether a key signed the text. A key that cannot be read signed nothing. The same question has the same answer: it is kept. */
export function isSignedBy(key: Jwk, alg: string, text: string, signature: Uint8Array): boolean {
  let verdicts = kept.get(key);
  if (!verdicts || verdicts.size >= MAX_KEPT) kept.set(key, (verdicts = new Map()));
  const library = libraryOf('jose');
  const question = `${alg} ${text} ${signature.join()}`;
  let isSigned = verdicts.get(question);
  if (isSigned === undefined) verdicts.set(question, (isSigned = isVerified(library, key, alg, text, signature)));
  return isSigned;
}

function isVerified(library: JoseLibrary, key: Jwk, alg: string, text: string, signature: Uint8Array): boolean {
  try {
    return library.isSigned(key.fields, alg, new TextEncoder().encode(text), signature);
  } catch {
    return false;
  }
}
