import { ScalarType } from '@bufbuild/protobuf';
import type { Json } from './json.ts';

/** A scalar in normal form, or what was expected in its place. */
export type ReadScalar = { readonly value: Json } | { readonly expected: string };

const value = (of: Json): ReadScalar => ({ value: of });
const expected = (words: string): ReadScalar => ({ expected: words });

const TRUE_WORDS = /^(true|t|yes|y|1)$/i;
const FALSE_WORDS = /^(false|f|no|n|0)$/i;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const NUMBER = /^[-+]?(0x[0-9a-f]+|(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?)$/i;
const SPECIAL = /^-?(NaN|Infinity)$/;

/** Whole numbers by type: the least and the greatest. */
const RANGES: ReadonlyMap<ScalarType, readonly [number, number]> = new Map([
  [ScalarType.INT32, [-(2 ** 31), 2 ** 31 - 1]],
  [ScalarType.SINT32, [-(2 ** 31), 2 ** 31 - 1]],
  [ScalarType.SFIXED32, [-(2 ** 31), 2 ** 31 - 1]],
  [ScalarType.UINT32, [0, 2 ** 32 - 1]],
  [ScalarType.FIXED32, [0, 2 ** 32 - 1]],
  [ScalarType.INT64, [-(2 ** 63), 2 ** 63]],
  [ScalarType.SINT64, [-(2 ** 63), 2 ** 63]],
  [ScalarType.SFIXED64, [-(2 ** 63), 2 ** 63]],
  [ScalarType.UINT64, [0, 2 ** 64]],
  [ScalarType.FIXED64, [0, 2 ** 64]],
]);

/** A scalar as protobuf's JSON parser takes it in its lenient mode, which Envoy uses: google/protobuf/json/internal/parser.cc. */
export function readScalar(found: Json, type: ScalarType): ReadScalar {
  if (type === ScalarType.STRING) return readString(found);
  if (type === ScalarType.BYTES)
    return typeof found === 'string' && BASE64.test(found) ? value(found) : expected('bytes in base64');
  if (type === ScalarType.BOOL) return readBool(found);
  return readNumber(found, RANGES.get(type));
}

/** A fraction without quotes is a text to Envoy's YAML reader. */
function readString(found: Json): ReadScalar {
  if (typeof found === 'string') return value(found);
  return typeof found === 'number' && !Number.isInteger(found) ? value(String(found)) : expected('a string');
}

function readBool(found: Json): ReadScalar {
  if (typeof found === 'boolean') return value(found);
  if (typeof found === 'string' && TRUE_WORDS.test(found)) return value(true);
  return typeof found === 'string' && FALSE_WORDS.test(found) ? value(false) : expected('true or false');
}

function readNumber(found: Json, range: readonly [number, number] | undefined): ReadScalar {
  const isText = typeof found === 'string' && (NUMBER.test(found) || (range === undefined && SPECIAL.test(found)));
  const number = isText ? Number(found) : found;
  if (typeof number !== 'number') return expected(range ? 'a whole number' : 'a number');
  if (!range) return value(number);
  const [least, greatest] = range;
  if (!Number.isInteger(number)) return expected('a whole number');
  return number >= least && number <= greatest
    ? value(number)
    : expected(`a whole number from ${least} to ${greatest}`);
}
