/** The bytes that a request asks for: `[from, to)`; none of them where the body is shorter; undefined for the whole. */
export type ByteRange = { readonly from: number; readonly to: number } | 'unsatisfiable';

/** `range` of one part: of several, and of other units, the whole is given: range_utils.cc. */
export function byteRange(header: string | undefined, length: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  return first === '' ? lastBytes(Number(last), length) : bytesFrom(Number(first), last, length);
}

function lastBytes(count: number, length: number): ByteRange | undefined {
  if (count === 0 || length === 0) return 'unsatisfiable';
  return count >= length ? undefined : { from: length - count, to: length };
}

function bytesFrom(from: number, last: string, length: number): ByteRange | undefined {
  if (last !== '' && Number(last) < from) return undefined;
  if (from >= length) return 'unsatisfiable';
  const to = last === '' ? length : Math.min(Number(last) + 1, length);
  return from === 0 && to === length ? undefined : { from, to };
}
