import { createFileRegistry, fromBinary, getOption, hasOption, type DescExtension, type DescField, type DescMessage, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { ConfigPath, Diagnostic, SourceRange } from '#source';
import { isMap, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { Json, JsonObject } from './json.ts';
import { MAX_ALIAS_EXPANSIONS, MAX_DIAGNOSTICS, MAX_TEXT_LENGTH } from './limits.ts';
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

  constructor(registry: FileRegistry) {
    this.registry = registry;
    this.#rules = registry.getExtension('validate.rules')!;
    this.#required = registry.getExtension('validate.required')!;
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
    return { fields, rules, requiredOneofs: required.map((oneof) => ({ name: oneof.name, members: oneof.fields.map((field) => field.name) })) };
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
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, keepSourceTokens: false });
  const rangeOf = (path: ConfigPath): SourceRange | undefined => rangeIn(document, lines, path);
  const diagnostics: Diagnostic[] = document.errors.slice(0, MAX_DIAGNOSTICS).map((error) => ({
    code: 'yaml', severity: 'error', ref: root, message: error.message.split('\n')[0]!, range: range(lines, error.pos[0], error.pos[1]),
  }));
  const plain = diagnostics.length > 0 ? undefined : plainOf(document, diagnostics, root);
  const message = descriptors.registry.getMessage(options.type);
  if (plain === undefined || !message) return { value: undefined, diagnostics, rangeOf };
  const reader = new Reader(descriptors, options.resource);
  const value = plain === null ? {} : reader.readRoot(plain, message);
  const found = reader.diagnostics.map((one) => {
    const place = rangeOf(one.ref.path);
    return place ? { ...one, range: place } : one;
  });
  return { value, diagnostics: [...diagnostics, ...found], rangeOf };
}

function plainOf(document: Document, diagnostics: Diagnostic[], ref: Diagnostic['ref']): Json | undefined {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS }) as Json;
  } catch (error) {
    diagnostics.push({ code: 'alias', severity: 'error', ref, message: `The anchors of this text expand too far: ${(error as Error).message}.`, help: 'Write the repeated part out, or use fewer aliases.' });
    return undefined;
  }
}

function range(lines: LineCounter, start: number, end: number): SourceRange {
  const { line, col } = lines.linePos(start);
  return { start, end, line, column: col };
}

function rangeIn(document: Document, lines: LineCounter, path: ConfigPath): SourceRange | undefined {
  let node: Node | null | undefined = document.contents;
  for (const step of path) {
    const next = isMap(node) ? (node.get(step, true) ?? node.get(camelCase(step), true)) : isSeq(node) ? node.get(step, true) : undefined;
    if (next === undefined || next === null) break;
    node = next as Node;
  }
  return node?.range ? range(lines, node.range[0], node.range[1]) : undefined;
}

const camelCase = (step: string | number): string | number => (typeof step === 'number' ? step : step.replace(/_([a-z0-9])/g, (_, one: string) => one.toUpperCase()));
