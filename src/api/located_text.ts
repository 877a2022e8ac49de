import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { ConfigPath, SourceRange } from '#source';
import { readEnvoyYaml, type Oversight } from './envoy_yaml.ts';
import type { Json } from './json.ts';
import { MAX_ALIAS_EXPANSIONS } from './limits.ts';

/** What is wrong with a text before it can be read at all, or is passed over in silence. */
export interface TextFault {
  readonly code: 'yaml' | 'alias' | Oversight;
  readonly message: string;
  readonly range?: SourceRange;
}

export type PlainText = { readonly value: Json; readonly notes: TextFault[] } | { readonly faults: TextFault[] };

const ERROR_OF = { duplicate_key: 'DUPLICATE_KEY', more_documents: 'MULTIPLE_DOCS' } as const;
const WORDS_OF = {
  duplicate_key: 'This key stands twice in its mapping: Envoy takes the last one without a word. Remove one of them.',
  more_documents: 'Envoy reads only the first document of a file: what follows `---` counts for nothing.',
} as const;

/** A YAML or JSON text as plain data, with its places: those are looked for only when somebody asks. */
export class LocatedText {
  readonly #text: string;
  #located: { document: Document; lines: LineCounter } | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first document of the text as plain data; null for an empty one. */
  plain(): PlainText {
    const json = fromJson(this.#text);
    const read = json === undefined ? readEnvoyYaml(this.#text) : { value: json, oversights: [] };
    if (read === undefined) return { faults: this.#yamlFaults() };
    if (this.#text.includes('*') && expandsTooFar(read.value))
      return {
        faults: [
          {
            code: 'alias',
            message: `The anchors of this text expand too far: more than ${MAX_ALIAS_EXPANSIONS} values. Write the repeated part out, or use fewer aliases.`,
          },
        ],
      };
    return { value: read.value, notes: read.oversights.map((one) => this.#note(one)) };
  }

  /** Where a path stands in the text, or the nearest existing thing above it. */
  rangeOf(path: ConfigPath): SourceRange | undefined {
    const { document, lines } = this.#locate();
    let node: Node | undefined = document.contents ?? undefined;
    for (const step of path) {
      const next = nodeAt(node, step, document);
      if (next === undefined) break;
      node = next;
    }
    return node?.range ? rangeAt(lines, node.range[0], node.range[1]) : undefined;
  }

  /** Where the last key of a path stands, for what is to be said of the field and not of its value. */
  keyRangeOf(path: ConfigPath): SourceRange | undefined {
    const { document, lines } = this.#locate();
    let node: Node | undefined = document.contents ?? undefined;
    for (const step of path.slice(0, -1)) node = node && nodeAt(node, step, document);
    const mapping = isAlias(node) ? node.resolve(document) : node;
    const name = path.at(-1);
    const key = isMap(mapping) ? mapping.items.map((pair) => pair.key).find((one) => isKey(one, name)) : undefined;
    const range = isScalar(key) ? key.range : undefined;
    return range ? rangeAt(lines, range[0], range[1]) : this.rangeOf(path);
  }

  #locate(): { document: Document; lines: LineCounter } {
    if (!this.#located) {
      const lines = new LineCounter();
      this.#located = {
        document: parseDocument(this.#text, { lineCounter: lines, keepSourceTokens: false, prettyErrors: false }),
        lines,
      };
    }
    return this.#located;
  }

  #note(oversight: Oversight): TextFault {
    const { document, lines } = this.#locate();
    const place = document.errors.find(({ code }) => code === ERROR_OF[oversight]);
    return {
      code: oversight,
      message: WORDS_OF[oversight],
      ...(place ? { range: rangeAt(lines, place.pos[0], place.pos[1]) } : {}),
    };
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
            message: 'This is not YAML that Envoy could read.',
          },
        ];
  }
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

/**
 * The node one step further. An alias stands for what it names, a single value for the list that it is the only member
 * of, and the message of a `TypedStruct` for its value.
 */
function nodeAt(node: Node | undefined, step: string | number, document: Document): Node | undefined {
  const here = isAlias(node) ? node.resolve(document) : node;
  if (isSeq(here)) return (here.get(step, true) as Node | undefined) ?? undefined;
  if (!isMap(here)) return step === 0 ? here : undefined;
  const found = here.get(step, true) ?? here.get(camelCase(step), true);
  if (found !== undefined) return found as Node;
  if (step === 0) return here;
  return here.has('type_url') ? nodeAt(here.get('value', true) as Node | undefined, step, document) : undefined;
}

const isKey = (node: unknown, name: string | number | undefined): boolean =>
  isScalar(node) && name !== undefined && (node.value === name || node.value === camelCase(name));

function rangeAt(lines: LineCounter, start: number, end: number): SourceRange {
  const { line, col } = lines.linePos(start);
  return { start, end, line, column: col };
}

const camelCase = (step: string | number): string | number =>
  typeof step === 'number' ? step : step.replace(/_([a-z0-9])/g, (_, one: string) => one.toUpperCase());
