import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { ConfigPath, Diagnostic, SourceRange } from '#source';
import { Descriptors } from './descriptors.ts';
import type { JsonObject } from './json.ts';
import { MAX_DIAGNOSTICS, MAX_TEXT_LENGTH } from './limits.ts';
import { LocatedText } from './located_text.ts';
import { print } from './print.ts';
import { schemaAt, typeUrls, type Schema, type TypeUrlAt } from './schema.ts';
import { Reader, type Fidelity, type NamedFile, type Visit } from './reader.ts';

export interface ReadOptions {
  /** The name that diagnostics and references give to this text. */
  readonly resource: string;
  /** The message that the root must be: `envoy.config.bootstrap.v3.Bootstrap`. */
  readonly type: string;
  /** Asks for a word at each field that an engine takes and does not run. */
  readonly fidelity?: Fidelity;
  readonly visit?: Visit;
}

/** What was read: the message in normal form (absent only if nothing could be read) and every problem. */
export interface ReadConfig {
  readonly value: JsonObject | undefined;
  readonly diagnostics: Diagnostic[];
  /** The files that it names for Envoy to read. */
  readonly files: readonly NamedFile[];
  /** Where a path stands in the text, or the nearest existing thing above it. */
  rangeOf(path: ConfigPath): SourceRange | undefined;
}

export interface Api {
  read(text: string, options: ReadOptions): ReadConfig;
  knowsType(typeName: string): boolean;
  /** A message in normal form as Envoy itself would print it. */
  print(value: JsonObject, type: string): JsonObject;
  /** What may stand at a path inside a message: what an editor completes and explains. Undefined where nothing may. */
  schemaAt(type: string, path: ConfigPath, typeUrlAt: TypeUrlAt): Schema | undefined;
  /** The values that `@type` may have, in order. */
  typeUrls(): string[];
}

/** Opens a binary `FileDescriptorSet`. */
export function openApi(descriptorSet: Uint8Array): Api {
  const descriptors = new Descriptors(createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet)));
  return {
    knowsType: (typeName) => descriptors.registry.getMessage(typeName) !== undefined,
    read: (text, options) => readText(descriptors, text, options),
    print: (value, type) => print(descriptors, value, type),
    schemaAt: (type, path, typeUrlAt) => schemaAt(descriptors, type, path, typeUrlAt),
    typeUrls: () => typeUrls(descriptors),
  };
}

/** Problems of a field as such, whatever its value is. */
const OF_THE_KEY: ReadonlySet<string> = new Set(['unknown_field', 'deprecated', 'oneof', 'not_simulated']);

function readText(descriptors: Descriptors, text: string, options: ReadOptions): ReadConfig {
  const root = { resource: options.resource, path: [] };
  const refused =
    text.length > MAX_TEXT_LENGTH
      ? `The text has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read.`
      : text.includes('\0')
        ? 'This is binary data (it has a NUL byte); expected YAML or JSON text.'
        : undefined;
  if (refused !== undefined)
    return {
      value: undefined,
      diagnostics: [{ code: 'unreadable', severity: 'error', ref: root, message: refused }],
      files: [],
      rangeOf: () => undefined,
    };
  const located = new LocatedText(text);
  const rangeOf = (path: ConfigPath): SourceRange | undefined => located.rangeOf(path);
  const plain = located.plain();
  if ('faults' in plain) {
    const diagnostics = plain.faults
      .slice(0, MAX_DIAGNOSTICS)
      .map((fault): Diagnostic => ({ ...fault, severity: 'error', ref: root }));
    return { value: undefined, diagnostics, files: [], rangeOf };
  }
  const message = descriptors.registry.getMessage(options.type);
  if (!message)
    return {
      value: undefined,
      diagnostics: [
        { code: 'unreadable', severity: 'error', ref: root, message: `Envoy has no message \`${options.type}\`.` },
      ],
      files: [],
      rangeOf,
    };
  const reader = new Reader(descriptors, options);
  const value = text.trim() === '' ? {} : reader.readRoot(plain.value, message);
  const notes = plain.notes.map((note): Diagnostic => ({ ...note, severity: 'warning', ref: root }));
  const diagnostics = reader.diagnostics.map((one) => {
    const range = OF_THE_KEY.has(one.code) ? located.keyRangeOf(one.ref.path) : rangeOf(one.ref.path);
    return range ? { ...one, range } : one;
  });
  return { value, diagnostics: [...notes, ...diagnostics], files: reader.files, rangeOf };
}
