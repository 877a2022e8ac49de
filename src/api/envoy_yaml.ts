import { FAILSAFE_SCHEMA, load, loadAll, type Schema, Type, YAMLException } from 'js-yaml';
import type { Json } from './json.ts';

/**
 * YAML as Envoy reads it: yaml-cpp, then `parseYamlNode` of source/common/protobuf/yaml_utility.cc. A plain scalar is a
 * boolean (YAML 1.1 words), a whole number, or a text: a fraction stays the text that it is. Merge keys are unknown to it.
 */
const TRUE = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
/** Decimal, hexadecimal, or octal by a leading zero. */
const WHOLE = /^[-+]?(0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;
const MAX_INT64 = 2n ** 63n - 1n;

const nullType = new Type('tag:yaml.org,2002:null', {
  kind: 'scalar',
  resolve: (text: unknown) => text === null || text === '' || /^(~|null|Null|NULL)$/.test(String(text)),
  construct: () => null,
});
const booleanType = (read: (text: string) => unknown): Type =>
  new Type('tag:yaml.org,2002:bool', {
    kind: 'scalar',
    resolve: (text: unknown) => typeof text === 'string' && (TRUE.test(text) || FALSE.test(text)),
    construct: read,
  });
const wholeType = (read: (text: string) => unknown): Type =>
  new Type('tag:yaml.org,2002:int', {
    kind: 'scalar',
    resolve: (text: unknown) => typeof text === 'string' && WHOLE.test(text) && isInt64(text),
    construct: read,
  });
const isTrue = (text: string): boolean => TRUE.test(text);

/** A key with this tag is passed over, with what it holds. */
const IGNORE_TAG = '!ignore';
/** Stands before a key that is to be passed over; no text has it, since a NUL makes a text binary. */
const IGNORED = '\0';
/** A tag of somebody's own says nothing to Envoy: the value counts. */
const foreignTags = (['scalar', 'sequence', 'mapping'] as const).map(
  (kind) =>
    new Type('!', {
      kind,
      multi: true,
      construct: (value: unknown, tag?: string) => (tag === IGNORE_TAG ? `${IGNORED}${String(value)}` : value),
    }),
);
const schemaOf = (...implicit: Type[]): Schema =>
  FAILSAFE_SCHEMA.extend({ implicit: [nullType, ...implicit], explicit: foreignTags });

/** A value that remembers how it was written: a key is its text, whatever that looks like. */
class Written {
  readonly value: Json;
  readonly #text: string;

  constructor(text: string, value: Json) {
    this.#text = text;
    this.value = value;
  }

  /** js-yaml makes a key of this, where it is told that this is no plain object. */
  toString(): string {
    return this.#text;
  }

  get [Symbol.toStringTag](): string {
    return 'Written';
  }
}

const SCHEMA = schemaOf(booleanType(isTrue), wholeType(wholeNumber));
/** Slower, for the few texts that have a key which as a value would be no text. */
const KEEPS_KEYS = schemaOf(
  booleanType((text) => new Written(text, isTrue(text))),
  wholeType((text) => new Written(text, wholeNumber(text))),
);
const ODD_KEY = /(^|[\s{,])([-+]?0[0-9x][0-9a-fA-F]*|\+\d+|y|yes|true|on|n|no|false|off)\s*:(\s|$)/im;

/** What Envoy passes over in silence, and a person should know. */
export type Oversight = 'duplicate_key' | 'more_documents';

export interface ReadYaml {
  readonly value: Json;
  readonly oversights: readonly Oversight[];
}

/** The first document of a text; undefined where it is no YAML. */
export function readEnvoyYaml(text: string): ReadYaml | undefined {
  const schema = ODD_KEY.test(text) ? KEEPS_KEYS : SCHEMA;
  const isPlain = schema === SCHEMA && !text.includes(IGNORE_TAG);
  const valueOf = (read: unknown): Json => (isPlain ? ((read ?? null) as Json) : settled(read));
  try {
    return { value: valueOf(load(text, { schema })), oversights: [] };
  } catch (error) {
    if (!isFault(error)) throw error;
    return readLeniently(text, schema, valueOf);
  }
}

/** yaml-cpp reads only the first document, and of a key that stands twice the last. */
function readLeniently(text: string, schema: Schema, valueOf: (read: unknown) => Json): ReadYaml | undefined {
  try {
    const documents = loadAll(text, null, { schema, json: true });
    return {
      value: valueOf(documents[0]),
      oversights: documents.length > 1 ? ['more_documents'] : ['duplicate_key'],
    };
  } catch (error) {
    if (!isFault(error)) throw error;
    return undefined;
  }
}

const isFault = (error: unknown): boolean => error instanceof YAMLException || error instanceof RangeError;

/** Without the keys that are passed over, and with values for what was written. Shared values stay shared, so that anchors cannot expand here. */
function settled(value: unknown, done = new Map<unknown, Json>()): Json {
  if (value instanceof Written) return value.value;
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json;
  const known = done.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const list: Json[] = [];
    done.set(value, list);
    for (const one of value) list.push(settled(one, done));
    return list;
  }
  const mapping: { [key: string]: Json } = {};
  done.set(value, mapping);
  for (const [key, one] of Object.entries(value)) if (!key.startsWith(IGNORED)) mapping[key] = settled(one, done);
  return mapping;
}

const isInt64 = (text: string): boolean => {
  const value = bigOf(text);
  return value >= -MAX_INT64 - 1n && value <= MAX_INT64;
};

/** Beyond 2^53 a JavaScript number would lose digits: the text is kept, and a number field reads it as well. */
function wholeNumber(text: string): Json {
  const value = Number(bigOf(text));
  return Number.isSafeInteger(value) ? value : text;
}

function bigOf(text: string): bigint {
  const digits = text.replace(/^[-+]/, '');
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return text.startsWith('-') ? -value : value;
}
