import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import type { Descriptors } from './descriptors.ts';
import type { Json, JsonObject } from './json.ts';

const WRAPPED_64 = new Set(['google.protobuf.Int64Value', 'google.protobuf.UInt64Value']);
const SCALARS_64 = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);
const IMPLICIT_PRESENCE = 2;

/**
 * A message in normal form as Envoy prints it (`/config_dump`): fields by their proto names, in order of their numbers,
 * without those that hold their default, numbers of 64 bits as texts.
 */
export function print(descriptors: Descriptors, value: JsonObject, type: string): JsonObject {
  const message = descriptors.registry.getMessage(type);
  return message ? printMessage(descriptors, value, message) : value;
}

function printMessage(descriptors: Descriptors, value: JsonObject, message: DescMessage): JsonObject {
  const out: JsonObject = typeof value['@type'] === 'string' ? { '@type': value['@type'] } : {};
  for (const field of [...message.fields].sort((a, b) => a.number - b.number)) {
    const own = value[field.jsonName] ?? value[field.name];
    if (own === undefined || own === null || isLeftOut(own, field)) continue;
    out[field.name] = printField(descriptors, own, field);
  }
  return out;
}

/** What proto3 does not tell from unset: an empty list, and a default without presence. */
function isLeftOut(value: Json, field: DescField): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (field.fieldKind === 'map') return Object.keys(value as JsonObject).length === 0;
  if (field.presence !== IMPLICIT_PRESENCE || field.oneof) return false;
  if (field.enum) return value === field.enum.values.find((one) => one.number === 0)?.name;
  return value === 0 || value === false || value === '';
}

function printField(descriptors: Descriptors, value: Json, field: DescField): Json {
  if (field.fieldKind === 'list' && Array.isArray(value)) return value.map((one) => printOne(descriptors, one, field));
  if (field.fieldKind === 'map')
    return Object.fromEntries(
      Object.entries(value as JsonObject).map(([key, one]) => [key, printOne(descriptors, one, field)]),
    );
  return printOne(descriptors, value, field);
}

function printOne(descriptors: Descriptors, value: Json, field: DescField): Json {
  const { message } = field;
  if (!message) return field.scalar !== undefined && SCALARS_64.has(field.scalar) ? String(value) : value;
  if (WRAPPED_64.has(message.typeName)) return String(value);
  if (message.typeName === 'google.protobuf.Duration') return printDuration(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (message.typeName !== 'google.protobuf.Any')
    return message.typeName.startsWith('google.protobuf.') ? value : printMessage(descriptors, value, message);
  const url = value['@type'];
  const inner =
    typeof url === 'string' ? descriptors.registry.getMessage(url.slice(url.lastIndexOf('/') + 1)) : undefined;
  return inner && !inner.typeName.startsWith('google.protobuf.') ? printMessage(descriptors, value, inner) : value;
}

/** Fractions of a second have three, six or nine digits. */
function printDuration(value: Json): Json {
  const [, whole, fraction = ''] = /^(-?\d+)(?:\.(\d+))?s$/.exec(String(value)) ?? [];
  if (whole === undefined) return value;
  const digits = fraction.replace(/0+$/, '');
  const length = Math.ceil(digits.length / 3) * 3;
  return digits === '' ? `${whole}s` : `${whole}.${digits.padEnd(length, '0')}s`;
}
