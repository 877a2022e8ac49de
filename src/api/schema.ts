import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import type { ConfigPath } from '#source';
import type { Descriptors, MessageFacts } from './descriptors.ts';

/** One field that a message may have. */
export interface FieldSchema {
  /** In the proto's spelling. */
  readonly name: string;
  /** In words: `string`, `duration such as 0.25s`, `list of envoy.config.route.v3.Route`. */
  readonly type: string;
  /** How the value is written: text on the same line, or lines below. */
  readonly form: 'scalar' | 'list' | 'mapping';
  /** The values of an enum, or true and false. */
  readonly values: readonly string[];
  /** The oneof whose members exclude each other. */
  readonly oneof: string | undefined;
  readonly isRequired: boolean;
  readonly deprecation: 'warning' | 'error' | undefined;
  /** The key of its documentation: `envoy.config.route.v3.Route.match`. */
  readonly documentation: string;
}

/** What may stand at a place: the fields of a message, or a single value. */
export interface Schema {
  /** The message at the place, or the one whose field is there. */
  readonly message: string;
  readonly fields: readonly FieldSchema[];
  /** The field whose value stands at the place, where the path ends in one. */
  readonly field: FieldSchema | undefined;
  /** An `Any`: `@type` says which message it is. */
  readonly isAny: boolean;
}

/** The `@type` that the text gives at a path, if it does. */
export type TypeUrlAt = (path: ConfigPath) => string | undefined;

/** The message that a place is in, and the field that leads to it. */
interface Place {
  readonly message: DescMessage | undefined;
  readonly field: DescField | undefined;
  readonly isAny: boolean;
}

export function schemaAt(
  descriptors: Descriptors,
  type: string,
  path: ConfigPath,
  typeUrlAt: TypeUrlAt,
): Schema | undefined {
  let place: Place = { message: descriptors.registry.getMessage(type), field: undefined, isAny: false };
  for (let depth = 0; depth < path.length; depth++) {
    const step = path[depth]!;
    if (isInsideCollection(place.field, path[depth - 1])) {
      place = { ...enter(descriptors, place.field!, path.slice(0, depth + 1), typeUrlAt) };
      continue;
    }
    const field = place.message && descriptors.factsOf(place.message).fields.get(String(step));
    if (!field) return undefined;
    place = enter(descriptors, field, path.slice(0, depth + 1), typeUrlAt);
  }
  const { message, field, isAny } = place;
  const owner = message ?? field?.parent;
  return {
    message: owner?.typeName ?? type,
    fields: message ? fieldsOf(descriptors, message) : [],
    field: field && fieldSchema(field, descriptors.factsOf(field.parent!)),
    isAny,
  };
}

export function typeUrls(descriptors: Descriptors): string[] {
  const names: string[] = [];
  for (const type of descriptors.registry)
    if (type.kind === 'message' && /^envoy\.(extensions|config)\./.test(type.typeName)) names.push(type.typeName);
  return names.sort().map((name) => `type.googleapis.com/${name}`);
}

/** Whether the last step named a list or a map, so that this one is an index or a key. */
const isInsideCollection = (field: DescField | undefined, before: string | number | undefined): boolean =>
  (field?.fieldKind === 'list' || field?.fieldKind === 'map') && (before === field.name || before === field.jsonName);

function enter(descriptors: Descriptors, field: DescField, path: ConfigPath, typeUrlAt: TypeUrlAt): Place {
  const { message } = field;
  if (message?.typeName !== 'google.protobuf.Any')
    return { message: message && isWritten(message) ? message : undefined, field, isAny: false };
  const url = typeUrlAt(path);
  const named = url === undefined ? undefined : descriptors.registry.getMessage(url.slice(url.lastIndexOf('/') + 1));
  return { message: named, field, isAny: true };
}

/** Messages that are written as a mapping of their fields; the well-known ones have forms of their own. */
const isWritten = (message: DescMessage): boolean => !message.typeName.startsWith('google.protobuf.');

function fieldsOf(descriptors: Descriptors, message: DescMessage): FieldSchema[] {
  const facts = descriptors.factsOf(message);
  return message.fields.map((field) => fieldSchema(field, facts));
}

function fieldSchema(field: DescField, facts: MessageFacts): FieldSchema {
  const rules = facts.rules.get(field);
  const single = field.fieldKind !== 'list' && field.fieldKind !== 'map';
  const isMapping =
    field.fieldKind === 'map' || (field.message !== undefined && !SCALAR_FORMS.has(field.message.typeName));
  return {
    name: field.name,
    type: typeWords(field),
    form: field.fieldKind === 'list' ? 'list' : isMapping ? 'mapping' : 'scalar',
    values: field.enum ? field.enum.values.map((one) => one.name) : isBoolean(field) && single ? ['true', 'false'] : [],
    oneof: field.oneof?.name,
    isRequired: rules?.message?.required === true && !field.oneof,
    deprecation: facts.deprecated.get(field),
    documentation: `${field.parent!.typeName}.${field.name}`,
  };
}

function typeWords(field: DescField): string {
  const single = singleWords(field);
  if (field.fieldKind === 'list') return `list of ${single}`;
  return field.fieldKind === 'map' ? `mapping to ${single}` : single;
}

/** Messages of protobuf's own that are written as one value. */
const SCALAR_FORMS: ReadonlyMap<string, string> = new Map([
  ['google.protobuf.Duration', 'duration such as 0.25s'],
  ['google.protobuf.Timestamp', 'time such as 2026-01-31T12:00:00Z'],
  ['google.protobuf.BoolValue', 'true or false'],
  ['google.protobuf.StringValue', 'string'],
  ['google.protobuf.BytesValue', 'bytes in base64'],
  ...['UInt32', 'UInt64', 'Int32', 'Int64', 'Double', 'Float'].map(
    (name) => [`google.protobuf.${name}Value`, 'number'] as const,
  ),
]);

function singleWords(field: DescField): string {
  if (field.enum) return field.enum.typeName;
  if (field.message) return SCALAR_FORMS.get(field.message.typeName) ?? field.message.typeName;
  if (field.scalar === ScalarType.STRING) return 'string';
  if (field.scalar === ScalarType.BYTES) return 'bytes in base64';
  return field.scalar === ScalarType.BOOL ? 'true or false' : 'number';
}

const isBoolean = (field: DescField): boolean =>
  field.scalar === ScalarType.BOOL || field.message?.typeName === 'google.protobuf.BoolValue';
