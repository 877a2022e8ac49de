import type { Json, JsonObject } from '#api';

/** Fields of `google.protobuf.Value`. */
const [NULL, NUMBER, STRING, BOOL, STRUCT, LIST] = [1, 2, 3, 4, 5, 6];

type Field = readonly [number: number, value: number | Uint8Array];

/** The JSON of a `google.protobuf.Value` as bytes; undefined for bytes that are none. */
export function valueOfBytes(bytes: Uint8Array | undefined): Json | undefined {
  const last = bytes && fieldsOf(bytes)?.at(-1);
  return last && jsonOf(last);
}

function jsonOf([field, value]: Field): Json | undefined {
  if (field === NULL) return null;
  if (field === BOOL) return value !== 0;
  if (typeof value === 'number') return field === NUMBER ? value : undefined;
  if (field === STRING) return new TextDecoder().decode(value);
  if (field === STRUCT) return structOf(value);
  return field === LIST ? fieldsOf(value)?.map(([, one]) => valueOfBytes(bytesIn(one)) ?? null) : undefined;
}

/** `map<string, Value> fields = 1`. */
function structOf(bytes: Uint8Array): JsonObject {
  const entries = (fieldsOf(bytes) ?? []).map(([, entry]) => {
    const pair = new Map(fieldsOf(bytesIn(entry)));
    return [new TextDecoder().decode(bytesIn(pair.get(1))), valueOfBytes(bytesIn(pair.get(2))) ?? null] as const;
  });
  return Object.fromEntries(entries);
}

const bytesIn = (value: number | Uint8Array | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array(0);

/** Undefined where the bytes are no message. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (!(field > 0)) return undefined;
    if (wire === 0) fields.push([field, varint()]);
    else if (wire === 1 && at + 8 <= bytes.length) fields.push([field, view.getFloat64((at += 8) - 8, true)]);
    else if (wire === 2) {
      const length = varint();
      if (!(at + length <= bytes.length)) return undefined;
      fields.push([field, bytes.subarray(at, (at += length))]);
    } else return undefined;
  }
  return fields;
}
