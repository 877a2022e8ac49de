import { createFileRegistry, fromBinary, getOption, hasOption, type DescExtension, type DescField, type DescMessage, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { ConfigPath, Diagnostic, SourceRange } from '#source';
import type { JsonObject } from './json.ts';
import { MAX_DIAGNOSTICS, MAX_TEXT_LENGTH } from './limits.ts';
import { LocatedText } from './located_text.ts';
import { Reader } from './reader.ts';

export const ENVOY_VERSION = '1.40.0';

export interface ReadOptions {
  /** The name that diagnostics and references give to this text. */
  readonly resource: string;
  /** The message that the root must be: `envoy.config.bootstrap.v3.Bootstrap`. */
  readonly type: string;
}

/** What was read: the message in normal form (absent only if nothing could be read) and every problem. */
export interface ReadConfig {
  readonly value: JsonObject | undefined;
  readonly diagnostics: Diagnostic[];
  /** Where a path stands in the text, or the nearest existing thing above it. */
  rangeOf(path: ConfigPath): SourceRange | undefined;
}

export interface Api {
  read(text: string, options: ReadOptions): ReadConfig;
  knowsType(typeName: string): boolean;
}

/** A message's fields by both spellings, with their rules. */
export interface MessageFacts {
  readonly fields: ReadonlyMap<string, DescField>;
  readonly rules: ReadonlyMap<DescField, Rules>;
  /** Fields that Envoy warns of, and those that it refuses unless runtime allows them. */
  readonly deprecated: ReadonlyMap<DescField, 'warning' | 'error'>;
  readonly requiredOneofs: readonly { name: string; members: string[] }[];
}

/** `validate.FieldRules` as protobuf-es decodes it. */
export interface Rules {
  readonly message?: { readonly required?: boolean };
  readonly type: { readonly case: string | undefined; readonly value?: Readonly<Record<string, unknown>> };
}

/** The descriptors, with what the reader needs of each message worked out on first use. */
export class Descriptors {
  readonly registry: FileRegistry;
  readonly #facts = new Map<string, MessageFacts>();
  readonly #rules: DescExtension;
  readonly #required: DescExtension;
  readonly #disallowed: DescExtension | undefined;

  constructor(registry: FileRegistry) {
    this.registry = registry;
    this.#rules = registry.getExtension('validate.rules')!;
    this.#disallowed = registry.getExtension('envoy.annotations.disallowed_by_default');
    this.#required = registry.getExtension('validate.required')!;
  }

  #isDisallowed(field: DescField): boolean {
    return this.#disallowed !== undefined && hasOption(field, this.#disallowed) && getOption(field, this.#disallowed) === true;
  }

  factsOf(message: DescMessage): MessageFacts {
    let facts = this.#facts.get(message.typeName);
    if (!facts) this.#facts.set(message.typeName, (facts = this.#derive(message)));
    return facts;
  }

  #derive(message: DescMessage): MessageFacts {
    const fields = new Map<string, DescField>();
    const rules = new Map<DescField, Rules>();
    for (const field of message.fields) {
      fields.set(field.name, field);
      fields.set(field.jsonName, field);
      if (hasOption(field, this.#rules)) rules.set(field, ownRules(getOption(field, this.#rules) as unknown as Rules));
    }
    const required = message.oneofs.filter((oneof) => hasOption(oneof, this.#required) && getOption(oneof, this.#required) === true);
    const deprecated = new Map(message.fields.flatMap((field) => (field.proto.options?.deprecated ? [[field, this.#isDisallowed(field) ? ('error' as const) : ('warning' as const)] as const] : [])));
    return { fields, rules, deprecated, requiredOneofs: required.map((oneof) => ({ name: oneof.name, members: oneof.fields.map((field) => field.name) })) };
  }
}

/** Only the limits that are set: proto2 messages answer for unset fields with their defaults. */
function ownRules({ message, type }: Rules): Rules {
  return { ...(message ? { message } : {}), type: { case: type.case, value: { ...type.value } } };
}

/** Opens a binary `FileDescriptorSet`. */
export function openApi(descriptorSet: Uint8Array): Api {
  const descriptors = new Descriptors(createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet)));
  return {
    knowsType: (typeName) => descriptors.registry.getMessage(typeName) !== undefined,
    read: (text, options) => readText(descriptors, text, options),
  };
}

function readText(descriptors: Descriptors, text: string, options: ReadOptions): ReadConfig {
  const root = { resource: options.resource, path: [] };
  const refused = text.length > MAX_TEXT_LENGTH ? `The text has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read.`
    : text.includes('\0') ? 'This is binary data (it has a NUL byte); expected YAML or JSON text.' : undefined;
  if (refused !== undefined) return { value: undefined, diagnostics: [{ code: 'unreadable', severity: 'error', ref: root, message: refused }], rangeOf: () => undefined };
  const located = new LocatedText(text);
  const rangeOf = (path: ConfigPath): SourceRange | undefined => located.rangeOf(path);
  const plain = located.plain();
  if ('faults' in plain) {
    const diagnostics = plain.faults.slice(0, MAX_DIAGNOSTICS).map((fault): Diagnostic => ({ ...fault, severity: 'error', ref: root }));
    return { value: undefined, diagnostics, rangeOf };
  }
  const message = descriptors.registry.getMessage(options.type);
  if (!message) return { value: undefined, diagnostics: [{ code: 'unreadable', severity: 'error', ref: root, message: `Envoy has no message \`${options.type}\`.` }], rangeOf };
  const reader = new Reader(descriptors, options.resource);
  const value = plain.value === null ? {} : reader.readRoot(plain.value, message);
  const diagnostics = reader.diagnostics.map((one) => {
    const range = rangeOf(one.ref.path);
    return range ? { ...one, range } : one;
  });
  return { value, diagnostics, rangeOf };
}
