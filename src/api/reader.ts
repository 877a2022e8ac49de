import { ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { didYouMean, nearest, refText, type ConfigPath, type ConfigRef, type Diagnostic } from '#source';
import type { Descriptors, MessageFacts } from './descriptors.ts';
import { brokenRules } from './field_rules.ts';
import type { Json, JsonObject } from './json.ts';
import { MAX_DEPTH, MAX_DIAGNOSTICS } from './limits.ts';
import { readScalar } from './scalars.ts';

const DURATION = /^-?\d+(\.\d{1,9})?s$/;
const FREE_FORM = new Set([
  'google.protobuf.Struct',
  'google.protobuf.Value',
  'google.protobuf.ListValue',
  'google.protobuf.Timestamp',
  'google.protobuf.FieldMask',
]);

/** The fields that name a file which Envoy reads when it starts. */
const FILE_FIELDS: ReadonlyMap<string, string> = new Map([
  ['envoy.config.core.v3.DataSource', 'filename'],
  ['envoy.config.core.v3.PathConfigSource', 'path'],
  ['envoy.config.core.v3.ConfigSource', 'path'],
  ['envoy.extensions.filters.http.grpc_json_reverse_transcoder.v3.GrpcJsonReverseTranscoder', 'descriptor_path'],
  ['envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder', 'proto_descriptor'],
]);

/** The fields that name what Envoy watches: it may come later, and its folder has to be there. */
const WATCHED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['envoy.config.bootstrap.v3.RuntimeLayer.DiskLayer', 'symlink_root'],
]);

/** Credentials are read when a request needs them, not at start. */
const READS_LATER = 'envoy.extensions.common.aws.';

const TYPED_STRUCTS = new Set(['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct']);

/** A file that a configuration names, and where. */
export interface NamedFile {
  readonly name: string;
  readonly ref: ConfigRef;
  /** Only its folder has to be there. */
  readonly isWatched: boolean;
}

/** What an engine makes of the API: which messages it runs, and which of their fields have an effect. */
export interface Fidelity {
  runs(type: string): boolean;
  /** Of a field without consequence, and of all that is inside it, nobody needs a word. */
  effectOf(type: string, field: string): 'simulated' | 'without_consequence' | 'not_simulated';
}

export interface ReaderOptions {
  readonly resource: string;
  readonly fidelity?: Fidelity;
  readonly visit?: Visit;
}

/** Called with each message that was read, in normal form, the inner ones first. */
export type Visit = (type: string, message: JsonObject, ref: ConfigRef) => void;

const MAX_INT32 = 2 ** 31 - 1;

/** In a file of YAML, JSON included, only small whole numbers are numbers where nothing says what they should be. */
function withoutLongNumbers(value: Json): Json {
  if (typeof value === 'number')
    return Number.isInteger(value) && value <= MAX_INT32 && value >= -MAX_INT32 - 1 ? value : String(value);
  if (Array.isArray(value)) return value.map(withoutLongNumbers);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutLongNumbers(one)]));
}

/** Walks plain data along the descriptors: the normal form comes out, and every problem is noted. */
export class Reader {
  readonly diagnostics: Diagnostic[] = [];
  readonly files: NamedFile[] = [];
  readonly #descriptors: Descriptors;
  readonly #resource: string;
  readonly #isYaml: boolean;
  /** Absent where nobody asks, and inside what is not run anyway. */
  #fidelity: Fidelity | undefined;
  readonly #visit: Visit | undefined;

  constructor(descriptors: Descriptors, { resource, fidelity, visit }: ReaderOptions) {
    this.#descriptors = descriptors;
    this.#resource = resource;
    this.#isYaml = /\.ya?ml$/.test(resource);
    this.#fidelity = fidelity;
    this.#visit = visit;
  }

  readRoot(value: Json, message: DescMessage): JsonObject | undefined {
    if (isObject(value)) return this.#fields(value, message, []);
    this.#report('type', [], `expected a mapping (${message.typeName}), found ${shown(value)}`);
    return undefined;
  }

  #report(
    code: string,
    path: ConfigPath,
    text: string,
    more: Partial<Pick<Diagnostic, 'help' | 'envoySays' | 'severity' | 'meant'>> = {},
  ): void {
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) return;
    const where = refText({ resource: '', path }).slice(2);
    this.diagnostics.push({
      code,
      severity: 'error',
      ref: { resource: this.#resource, path },
      message: where === '' ? text : `\`${where}\`: ${text}`,
      ...more,
    });
  }

  #fields(object: JsonObject, message: DescMessage, path: ConfigPath): JsonObject {
    const facts = this.#descriptors.factsOf(message);
    const out: JsonObject = {};
    const filesBefore = this.files.length;
    if (path.length > MAX_DEPTH) {
      this.#report('depth', path, `messages are nested more than ${MAX_DEPTH} deep`);
      return out;
    }
    const oneofs = new Map<string, string>();
    const set = new Set<DescField>();
    for (const [key, value] of Object.entries(object)) {
      if (key === '@type' || value === null) continue;
      const field = facts.fields.get(key);
      if (!field) this.#unknownField(key, message, path);
      else {
        set.add(field);
        this.#noteDeprecated(facts, field, path);
        this.#noteOneof(field, key, oneofs, path);
        const inner = this.#judged(value, field, message, [...path, field.name]);
        if (inner !== undefined) out[field.jsonName] = inner;
        if (typeof inner === 'string') this.#noteFile(inner, message, field, path);
      }
    }
    if (message.typeName.startsWith(READS_LATER)) this.files.length = filesBefore;
    this.#checkRequired(facts, set, message, path);
    this.#checkRules(facts, out, message, path);
    this.#visit?.(message.typeName, out, { resource: this.#resource, path });
    return out;
  }

  /** Reads a field, and says so where it has no effect: then nothing inside it has, and one word of it is enough. */
  #judged(value: Json, field: DescField, message: DescMessage, path: ConfigPath): Json | undefined {
    const fidelity = this.#fidelity;
    const effect = fidelity?.effectOf(message.typeName, field.name) ?? 'simulated';
    if (effect === 'simulated') return this.#field(value, field, path);
    if (effect === 'not_simulated') this.#notSimulated(path, `\`${field.name}\` is accepted, but has no effect here`);
    return this.#unjudged(() => this.#field(value, field, path));
  }

  #unjudged<T>(read: () => T): T {
    const fidelity = this.#fidelity;
    this.#fidelity = undefined;
    const value = read();
    this.#fidelity = fidelity;
    return value;
  }

  #notSimulated(path: ConfigPath, text: string): void {
    this.#report('not_simulated', path, `${text}: it is not simulated`, { severity: 'not_simulated' });
  }

  #unknownField(key: string, message: DescMessage, path: ConfigPath): void {
    const meant = nearest(
      key,
      message.fields.map((field) => field.name),
    );
    this.#report('unknown_field', [...path, key], `${message.typeName} has no field \`${key}\``, {
      ...(key === '<<' ? { help: 'Envoy reads no merge keys: write the fields out.' } : {}),
      ...(key === '<<' || meant === undefined ? {} : didYouMean(key, meant)),
      envoySays: `no such field: '${key}'`,
    });
  }

  #noteFile(name: string, { typeName }: DescMessage, field: DescField, path: ConfigPath): void {
    const isWatched = WATCHED_FIELDS.get(typeName) === field.name;
    if (!isWatched && FILE_FIELDS.get(typeName) !== field.name) return;
    this.files.push({ name, ref: { resource: this.#resource, path: [...path, field.name] }, isWatched });
  }

  #noteDeprecated(facts: MessageFacts, field: DescField, path: ConfigPath): void {
    const severity = facts.deprecated.get(field);
    if (severity === 'warning')
      this.#report(
        'deprecated',
        [...path, field.name],
        `\`${field.name}\` is deprecated: a later Envoy will refuse it`,
        { severity },
      );
    if (severity === 'error')
      this.#report('deprecated', [...path, field.name], `\`${field.name}\` is deprecated and refused by this Envoy`, {
        help: 'Use what its documentation names in its place.',
      });
  }

  #noteOneof(field: DescField, key: string, oneofs: Map<string, string>, path: ConfigPath): void {
    if (!field.oneof) return;
    const earlier = oneofs.get(field.oneof.name);
    if (earlier !== undefined) {
      this.#report(
        'oneof',
        [...path, key],
        `\`${key}\` and \`${earlier}\` exclude each other (one of ${field.oneof.name})`,
        {
          help: `Keep one of them.`,
          envoySays: `'${field.oneof.name}' has already been set (either directly or as part of a oneof)`,
        },
      );
    }
    oneofs.set(field.oneof.name, key);
  }

  #checkRequired(facts: MessageFacts, set: ReadonlySet<DescField>, message: DescMessage, path: ConfigPath): void {
    const names = new Set([...set].map((field) => field.name));
    for (const { name, members } of facts.requiredOneofs) {
      if (members.some((member) => names.has(member))) continue;
      this.#report(
        'required',
        path,
        `${message.typeName} needs one of ${members.map((one) => `\`${one}\``).join(', ')} (${name})`,
        { envoySays: `field: "${name}", reason: is required` },
      );
    }
    for (const [field, rules] of facts.rules) {
      const isRequired =
        rules.message?.required === true || (rules.type.value?.['required'] === true && rules.type.case !== 'string');
      if (isRequired && !field.oneof && !set.has(field))
        this.#report('required', path, `\`${field.name}\` of ${message.typeName} is required`, {
          envoySays: 'value is required',
        });
    }
  }

  #checkRules(facts: MessageFacts, out: JsonObject, message: DescMessage, path: ConfigPath): void {
    for (const [field, rules] of facts.rules) {
      const value = out[field.jsonName];
      if (value === undefined && (field.oneof || field.fieldKind === 'message')) continue;
      for (const { text, path: inside } of brokenRules(value, rules, field))
        this.#report(
          'rule',
          [...path, field.name, ...inside],
          `${text}, found ${shown(valueIn(value, inside))} (field \`${field.name}\` of ${message.typeName})`,
          { envoySays: text },
        );
    }
  }

  #field(value: Json, field: DescField, path: ConfigPath): Json | undefined {
    if (field.fieldKind === 'list') {
      // A single value is a list of one: protobuf's lenient JSON parser takes it so.
      const list = Array.isArray(value) ? value : [value];
      return list.map((one, i) => this.#single(one, field, [...path, i]) ?? null);
    }
    if (field.fieldKind === 'map') {
      if (!isObject(value)) return this.#wrong(path, 'a mapping', value);
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, this.#single(one, field, [...path, key]) ?? null]),
      );
    }
    return this.#single(value, field, path);
  }

  #single(value: Json, field: DescField, path: ConfigPath): Json | undefined {
    if (field.message) return this.#message(value, field.message, path);
    if (field.enum) return this.#enum(value, field.enum, path);
    return this.#scalar(value, field.scalar ?? ScalarType.STRING, path);
  }

  #message(value: Json, message: DescMessage, path: ConfigPath): Json | undefined {
    const name = message.typeName;
    if (name === 'google.protobuf.Struct' && !isObject(value)) return this.#wrong(path, 'a mapping', value);
    if (FREE_FORM.has(name)) return this.#isYaml ? withoutLongNumbers(value) : value;
    if (name === 'google.protobuf.Any') return this.#any(value, path);
    if (name === 'google.protobuf.Duration') return this.#duration(value, path);
    if (name.startsWith('google.protobuf.') && name.endsWith('Value')) {
      const bare = isObject(value) && 'value' in value ? value['value']! : value;
      return this.#scalar(bare, message.fields[0]?.scalar ?? ScalarType.STRING, path);
    }
    if (!isObject(value)) return this.#wrong(path, `a mapping (${name})`, value);
    return this.#fields(value, message, path);
  }

  #any(value: Json, path: ConfigPath): Json | undefined {
    if (!isObject(value)) return this.#wrong(path, 'a mapping with @type', value);
    const url = value['@type'];
    if (typeof url !== 'string') {
      if (Object.keys(value).length > 0) this.#report('any', path, '`@type` is missing: it says which message this is');
      return {};
    }
    const message = this.#descriptors.registry.getMessage(url.slice(url.lastIndexOf('/') + 1));
    if (!message) {
      this.#report('unknown_type', [...path, '@type'], `no message of Envoy is called \`${url}\``, {
        envoySays: `could not find @type '${url}'`,
      });
      return { '@type': url };
    }
    if (message.typeName.startsWith('google.protobuf.')) return value;
    if (TYPED_STRUCTS.has(message.typeName)) return this.#typedStruct(value, path);
    const read = (): JsonObject => ({ '@type': url, ...this.#fields(value, message, path) });
    if (this.#fidelity?.runs(message.typeName) !== false) return read();
    this.#notSimulated([...path, '@type'], `${message.typeName} is accepted, but not run here`);
    return this.#unjudged(read);
  }

  /** A message of any kind written as a Struct: it is read as the message that `type_url` names, if Envoy has it. */
  #typedStruct(value: JsonObject, path: ConfigPath): Json | undefined {
    const [url, inner] = [value['type_url'] ?? value['typeUrl'], value['value'] ?? {}];
    const name = typeof url === 'string' ? url.slice(url.lastIndexOf('/') + 1) : '';
    const message = this.#descriptors.registry.getMessage(name);
    if (!message || !isObject(inner)) return value;
    return { '@type': `type.googleapis.com/${name}`, ...this.#fields(inner, message, path) };
  }

  #duration(value: Json, path: ConfigPath): Json | undefined {
    if (typeof value === 'string' && DURATION.test(value)) return value;
    if (isObject(value)) return `${Number(value['seconds'] ?? 0) + Number(value['nanos'] ?? 0) / 1e9}s`;
    this.#report('duration', path, `expected a duration such as "1.5s", found ${shown(value)}`, {
      help: 'Durations are seconds and end in `s`: 250 ms is "0.25s".',
      envoySays: "duration must end with a single 's'",
    });
    return undefined;
  }

  #enum(value: Json, type: DescEnum, path: ConfigPath): Json | undefined {
    const wanted = typeof value === 'string' ? value.toUpperCase() : undefined;
    const found = type.values.find(
      (one) =>
        one.name === value || one.number === value || one.name.toUpperCase() === wanted || String(one.number) === value,
    );
    if (found) return found.name;
    const meant = nearest(
      String(value),
      type.values.map((one) => one.name),
    );
    this.#report('enum', path, `${shown(value)} is not a value of ${type.typeName}`, {
      ...(meant === undefined ? {} : didYouMean(String(value), meant)),
      envoySays: `unknown enum value: '${String(value)}'`,
    });
    return undefined;
  }

  #scalar(value: Json, type: ScalarType, path: ConfigPath): Json | undefined {
    const read = readScalar(value, type);
    return 'value' in read ? read.value : this.#wrong(path, read.expected, value);
  }

  #wrong(path: ConfigPath, expected: string, found: Json): undefined {
    this.#report('type', path, `expected ${expected}, found ${shown(found)}`);
    return undefined;
  }
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const valueIn = (value: Json | undefined, path: ConfigPath): Json => {
  let now: Json | undefined = value;
  for (const step of path)
    now = typeof now === 'object' && now !== null ? (now as Record<string | number, Json>)[step] : undefined;
  return now ?? '';
};

function shown(value: Json): string {
  if (typeof value === 'string') return `the string "${value.length > 60 ? `${value.slice(0, 60)}…` : value}"`;
  return Array.isArray(value) ? 'a list' : isObject(value) ? 'a mapping' : String(value);
}
