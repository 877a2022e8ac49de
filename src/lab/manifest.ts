import { Ajv, type ErrorObject } from 'ajv';
import { isMap, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { Diagnostic, SourceRange } from '#source';
import type { Check, Expectation, Lab, LabRequest, Mistake } from './lab.ts';

/** What was read of a `lab.yaml`: the lab, if it is one, and every problem at its place. */
export interface ReadManifest {
  readonly lab: Lab | undefined;
  readonly problems: readonly Diagnostic[];
}

/**
 * Reads `lab.yaml` by the JSON Schema of labs, the same one that an author's editor uses.
 *
 * @param schema the content of `labs/lab.schema.json`.
 */
export function readManifest(text: string, schema: object, resource = 'lab.yaml'): ReadManifest {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (range: readonly [number, number]): SourceRange => {
    const { line, col } = lines.linePos(range[0]);
    return { start: range[0], end: range[1], line, column: col };
  };
  const broken = document.errors.map((error) => ({
    ...diagnostic(resource, 'yaml', error.message.split('\n')[0]!),
    range: at(error.pos),
  }));
  if (broken.length > 0) return { lab: undefined, problems: broken };
  const validate = new Ajv({ allErrors: true, useDefaults: true, allowUnionTypes: true }).compile(schema);
  const value = (document.toJS() ?? {}) as Manifest;
  if (validate(value)) return { lab: labOf(value), problems: [] };
  const problems = (validate.errors ?? []).map((error) => {
    const node = nodeAt(document, error.instancePath);
    const found = diagnostic(resource, 'manifest', wordsFor(error));
    return node?.range ? { ...found, range: at([node.range[0], node.range[1]]) } : found;
  });
  return { lab: undefined, problems };
}

type Manifest = Omit<Lab, 'upstreams' | 'checks' | 'mistakes'> & {
  readonly world: { readonly upstreams: Lab['upstreams'] };
  readonly checks: readonly ManifestCheck[];
  readonly mistakes: readonly Mistake[];
};

type ManifestCheck = Partial<Omit<Check, 'requests'>> & {
  readonly task: string;
  readonly requests: readonly (LabRequest & { readonly wait_ms?: number; readonly expect?: Expectation })[];
  readonly expect?: Expectation;
};

function labOf({ world, ...rest }: Manifest): Lab {
  return { ...rest, upstreams: world.upstreams, checks: rest.checks.map(checkOf) };
}

/** What a request expects of its own is added to what its check expects, and wins. */
function checkOf({ requests, expect: common, ...check }: ManifestCheck): Check {
  return {
    hidden: false,
    ordered: false,
    times: 1,
    shares: {},
    hints: [],
    ...check,
    requests: requests.map(({ wait_ms = 0, expect, ...request }) => ({
      request,
      wait_ms,
      expect: { ...common, ...expect },
    })),
  };
}

const diagnostic = (resource: string, code: string, message: string): Diagnostic => ({
  code,
  severity: 'error',
  ref: { resource, path: [] },
  message,
});

function wordsFor({ instancePath, keyword, message = 'is not as it should be', params }: ErrorObject): string {
  const where = instancePath === '' ? 'The manifest' : `\`${instancePath.slice(1).replaceAll('/', '.')}\``;
  if (keyword === 'additionalProperties')
    return `${where} has no field \`${String((params as { additionalProperty: unknown }).additionalProperty)}\`.`;
  if (keyword === 'enum')
    return `${where} ${message}: ${(params as { allowedValues: unknown[] }).allowedValues.join(', ')}.`;
  return `${where} ${message}.`;
}

function nodeAt(document: Document, pointer: string): Node | undefined {
  let node = document.contents as Node | null | undefined;
  for (const step of pointer.split('/').slice(1)) {
    const next = isMap(node) ? node.get(step, true) : isSeq(node) ? node.get(Number(step), true) : undefined;
    if (next === undefined) break;
    node = next as Node;
  }
  return node ?? undefined;
}
