import { CORE_SCHEMA, load, Type, YAMLException } from 'js-yaml';
import { isMap, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { ConfigPath, SourceRange } from '#source';
import type { Json } from './json.ts';
import { MAX_ALIAS_EXPANSIONS } from './limits.ts';

/** YAML 1.1 words that yaml-cpp, and so Envoy, takes for booleans when they stand without quotes. */
const TRUE = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

const booleanType = new Type('tag:yaml.org,2002:bool', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && (TRUE.test(text) || FALSE.test(text)),
  construct: (text: string) => TRUE.test(text),
});
const mergeType = new Type('tag:yaml.org,2002:merge', {
  kind: 'scalar',
  resolve: (text: unknown) => text === '<<' || text === null,
});
/** A key with this tag is passed over, with what it holds: Envoy's utility, `parseYamlNode`. */
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
const SCHEMA = CORE_SCHEMA.extend({ implicit: [booleanType, mergeType], explicit: foreignTags });

/** What is wrong with a text before it can be read at all. */
export interface TextFault {
  readonly code: 'yaml' | 'alias';
  readonly message: string;
  readonly range?: SourceRange;
}

/** A YAML or JSON text as plain data, with its places: those are looked for only when somebody asks. */
export class LocatedText {
  readonly #text: string;
  #located: { document: Document; lines: LineCounter } | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first document of the text as plain data; null for an empty one. */
  plain(): { value: Json } | { faults: TextFault[] } {
    const value = fromJson(this.#text) ?? this.#fromYaml();
    if (value === undefined) return { faults: this.#yamlFaults() };
    if (this.#text.includes('*') && expandsTooFar(value))
      return {
        faults: [
          {
            code: 'alias',
            message: `The anchors of this text expand too far: more than ${MAX_ALIAS_EXPANSIONS} values. Write the repeated part out, or use fewer aliases.`,
          },
        ],
      };
    return { value };
  }

  /** Where a path stands in the text, or the nearest existing thing above it. */
  rangeOf(path: ConfigPath): SourceRange | undefined {
    const { document, lines } = this.#locate();
    let node: Node | null | undefined = document.contents;
    for (const step of path) {
      const next = isMap(node)
        ? (node.get(step, true) ?? node.get(camelCase(step), true))
        : isSeq(node)
          ? node.get(step, true)
          : undefined;
      if (next === undefined || next === null) break;
      node = next as Node;
    }
    return node?.range ? rangeAt(lines, node.range[0], node.range[1]) : undefined;
  }

  #locate(): { document: Document; lines: LineCounter } {
    if (!this.#located) {
      const lines = new LineCounter();
      this.#located = {
        document: parseDocument(this.#text, { lineCounter: lines, merge: true, keepSourceTokens: false }),
        lines,
      };
    }
    return this.#located;
  }

  #fromYaml(): Json | undefined {
    try {
      const value = (load(this.#text, { schema: SCHEMA }) ?? null) as Json;
      return this.#text.includes(IGNORE_TAG) ? withoutIgnored(value) : value;
    } catch (error) {
      if (error instanceof YAMLException || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #yamlFaults(): TextFault[] {
    const { document, lines } = this.#locate();
    const faults = document.errors.map((error): TextFault => ({
      code: 'yaml',
      message: error.message.split('\n')[0]!,
      range: rangeAt(lines, error.pos[0], error.pos[1]),
    }));
    return faults.length > 0
      ? faults
      : [
          {
            code: 'yaml',
            message: 'This is not YAML that Envoy could read: more than one document, or a tag that it does not know.',
          },
        ];
  }
}

/** Shared values stay shared, so that anchors cannot expand here. */
function withoutIgnored(value: Json, done = new Map<Json, Json>()): Json {
  if (typeof value !== 'object' || value === null) return value;
  const known = done.get(value);
  if (known !== undefined) return known;
  const out: Json = Array.isArray(value) ? [] : {};
  done.set(value, out);
  if (Array.isArray(value)) for (const one of value) (out as Json[]).push(withoutIgnored(one, done));
  else
    for (const [key, one] of Object.entries(value))
      if (!key.startsWith(IGNORED)) (out as { [key: string]: Json })[key] = withoutIgnored(one, done);
  return out;
}

function fromJson(text: string): Json | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Aliases stand for the same object many times: count what a walk would meet. */
function expandsTooFar(value: Json): boolean {
  const pending: Json[] = [value];
  for (let seen = 0; pending.length > 0; seen++) {
    if (seen > MAX_ALIAS_EXPANSIONS) return true;
    const one = pending.pop()!;
    if (typeof one === 'object' && one !== null) for (const inner of Object.values(one)) pending.push(inner);
  }
  return false;
}

function rangeAt(lines: LineCounter, start: number, end: number): SourceRange {
  const { line, col } = lines.linePos(start);
  return { start, end, line, column: col };
}

const camelCase = (step: string | number): string | number =>
  typeof step === 'number' ? step : step.replace(/_([a-z0-9])/g, (_, one: string) => one.toUpperCase());
