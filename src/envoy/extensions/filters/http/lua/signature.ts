import type { LuaValue } from '../../../../lua/lua_runtime.ts';
import { libraryOf } from '../../../../linked_library.ts';
import { base64Of } from '../../../../matching/base64.ts';

const ALGORITHMS: Readonly<Record<string, string>> = { sha1: 'RS1', sha256: 'RS256', sha384: 'RS384', sha512: 'RS512' };
const [INTEGER, BIT_STRING, SEQUENCE] = [2, 3, 48];

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0) & 255);

/** `verifySignature`: whether the key signed the text, and what is wrong otherwise (common/crypto/utility_impl.cc). */
export function verify(hash: string, key: string, signature: string, text: string): readonly LuaValue[] {
  const algorithm = ALGORITHMS[hash];
  if (algorithm === undefined) return [false, `${hash} is not supported.`];
  const jwk = rsaKeyOf(bytesOf(key));
  if (!jwk) return [false, 'Failed to initialize digest verify.'];
  const isSigned = libraryOf('jose').isSigned(jwk, algorithm, bytesOf(text), bytesOf(signature));
  return isSigned ? [true] : [false, 'Failed to verify digest. Error code: 0'];
}

type Element = readonly [tag: number, content: Uint8Array];

/** The numbers of a `SubjectPublicKeyInfo` in DER that holds an RSA key. */
function rsaKeyOf(der: Uint8Array): { kty: string; n: string; e: string } | undefined {
  const bits = inside(der, SEQUENCE)?.find(([tag]) => tag === BIT_STRING)?.[1];
  const [modulus, exponent] = (bits && inside(bits.subarray(1), SEQUENCE)) ?? [];
  if (modulus?.[0] !== INTEGER || exponent?.[0] !== INTEGER) return undefined;
  return { kty: 'RSA', n: base64Of(withoutZero(modulus[1])), e: base64Of(withoutZero(exponent[1])) };
}

const withoutZero = (bytes: Uint8Array): Uint8Array => (bytes[0] === 0 ? bytes.subarray(1) : bytes);

const inside = (bytes: Uint8Array, tag: number): Element[] | undefined => {
  const [first] = elementsOf(bytes);
  return first?.[0] === tag ? elementsOf(first[1]) : undefined;
};

function elementsOf(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const tag = bytes[at]!;
    let length = bytes[at + 1]!;
    at += 2;
    if (length > 128) {
      const digits = bytes.subarray(at, (at += length - 128));
      length = digits.reduce((sum, byte) => sum * 256 + byte, 0);
    }
    elements.push([tag, bytes.subarray(at, (at += length))]);
  }
  return elements;
}
