import { isMap, isPair, isScalar, LineCounter, parseDocument, visit, type Document, type Node, type Pair } from 'yaml';
import type { Api, FieldSchema, TypeUrlAt } from '#api';
import type { ConfigPath } from '#source';
import type { Completion, FileKind, Hover } from './protocol.ts';

/** The message that a file of each kind is. */
const ROOT: Readonly<Record<FileKind, string>> = {
  bootstrap: 'envoy.config.bootstrap.v3.Bootstrap',
  resources: 'envoy.service.discovery.v3.DiscoveryResponse',
};
const HERE = 'filterchain_cursor';

/** What Envoy's documentation says of a message or field, by its name. */
export type Documentation = Readonly<Record<string, string>>;

/** A place in a file, and what the file is. */
interface Cursor {
  readonly config: string;
  readonly offset: number;
  readonly holds: FileKind;
}

/** What could be written at the offset: fields of the message there, values of the field, or types for an `@type`. */
export function complete(api: Api, docs: Documentation, { config, offset, holds }: Cursor): Completion[] {
  const from = offset - /[\w@."/-]*$/.exec(config.slice(0, offset))![0].length;
  const after = config.slice(offset).replace(/^[\w@."/-]+/, '');
  const lineBefore = config.slice(config.lastIndexOf('\n', from - 1) + 1, from);
  const isValue = /[\w"']:\s+$/.test(lineBefore);
  const hasColon = /^\s*:/.test(after);
  const marked = config.slice(0, from) + HERE + (isValue || hasColon ? '' : ': x') + after;
  const document = parseDocument(marked, { strict: false });
  const path = pathOfMark(document);
  if (!path) return [];
  const typeUrlAt = typeUrls(document);
  if (isValue) return valuesFor(api, docs, ROOT[holds], { path, typeUrlAt, from });
  const schema = api.schemaAt(ROOT[holds], path, typeUrlAt);
  if (!schema) return [];
  const type = schema.isAny
    ? [completion({ label: '@type', insert: '"@type": ', detail: 'which message this is' }, from)]
    : [];
  const taken = keysAt(document, path);
  const fields = schema.fields.filter((field) => !taken.has(field.name));
  return [...type, ...fields.map((field) => fieldCompletion(field, docs, from, lineBefore, hasColon))];
}

/** What the key at the offset is, with its documentation. */
export function hover(api: Api, docs: Documentation, { config, offset, holds }: Cursor): Hover | undefined {
  const lines = new LineCounter();
  const document = parseDocument(config, { strict: false, lineCounter: lines });
  const found = keyAt(document, offset);
  if (!found) return undefined;
  const field = api.schemaAt(ROOT[holds], found.path, typeUrls(document))?.field;
  if (!field) return undefined;
  const { line, col } = lines.linePos(found.start);
  return {
    title: `${field.name}: ${field.type}`,
    documentation: [docs[field.documentation] ?? '', noteOf(field)].filter((part) => part !== '').join('\n\n'),
    range: { start: found.start, end: found.end, line, column: col, endLine: line },
  };
}

function noteOf({ isRequired, oneof, deprecation }: FieldSchema): string {
  return [
    isRequired ? 'Required.' : '',
    oneof === undefined ? '' : `One of \`${oneof}\`: it excludes the others.`,
    deprecation === undefined ? '' : 'Deprecated.',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function valuesFor(
  api: Api,
  docs: Documentation,
  root: string,
  { path, typeUrlAt, from }: { path: ConfigPath; typeUrlAt: TypeUrlAt; from: number },
): Completion[] {
  if (path.at(-1) === '@type')
    return api.typeUrls().map((url) => completion({ label: url, insert: url, detail: 'message' }, from));
  const field = api.schemaAt(root, path, typeUrlAt)?.field;
  const documentation = field ? (docs[field.documentation] ?? '') : '';
  return (field?.values ?? []).map((value) =>
    completion({ label: value, insert: value, detail: field!.type, documentation }, from),
  );
}

function fieldCompletion(
  field: FieldSchema,
  docs: Documentation,
  from: number,
  lineBefore: string,
  hasColon: boolean,
): Completion {
  const indent = /^[\s-]*/.exec(lineBefore)![0].replaceAll('-', ' ');
  const isFlow = /[{,]\s*$/.test(lineBefore);
  const below = {
    scalar: ' ',
    list: isFlow ? ' []' : `\n${indent}- `,
    mapping: isFlow ? ' {}' : `\n${indent}  `,
  };
  return completion(
    {
      label: field.name,
      insert: hasColon ? field.name : `${field.name}:${below[field.form]}`,
      detail: field.type,
      documentation: [docs[field.documentation] ?? '', noteOf(field)].filter((part) => part !== '').join('\n\n'),
      isDeprecated: field.deprecation !== undefined,
    },
    from,
  );
}

function completion(
  given: { label: string; insert: string; detail: string; documentation?: string; isDeprecated?: boolean },
  from: number,
): Completion {
  return { documentation: '', isDeprecated: false, ...given, from };
}

/** The path to the mark: of the mapping that it is a key of, or of the field that it is the value of. */
function pathOfMark(document: Document): ConfigPath | undefined {
  let found: ConfigPath | undefined;
  visit(document, {
    Scalar(key, node, ancestors) {
      if (node.value !== HERE) return undefined;
      found = pathOf(ancestors as (Node | Pair | Document)[], key === 'key');
      return visit.BREAK;
    },
  });
  return found;
}

function pathOf(ancestors: readonly (Node | Pair | Document)[], isKey: boolean): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [i, node] of ancestors.entries()) {
    const inner = ancestors[i + 1];
    if (isPair(node)) {
      if (i < ancestors.length - 1 || !isKey) path.push(keyText(node));
    } else if (inner && !isPair(inner) && 'items' in node) path.push((node.items as unknown[]).indexOf(inner));
  }
  return path;
}

const keyText = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key));

function keysAt(document: Document, path: ConfigPath): Set<string> {
  const node = document.getIn(path, true);
  return new Set(isMap(node) ? node.items.map((pair) => keyText(pair as Pair)) : []);
}

const typeUrls =
  (document: Document): TypeUrlAt =>
  (path) => {
    const url = document.getIn([...path, '@type']);
    return typeof url === 'string' ? url : undefined;
  };

function keyAt(document: Document, offset: number): { path: ConfigPath; start: number; end: number } | undefined {
  let found: { path: ConfigPath; start: number; end: number } | undefined;
  visit(document, {
    Pair(_, pair, ancestors) {
      const range = isScalar(pair.key) ? pair.key.range : undefined;
      if (!range || offset < range[0] || offset > range[1]) return undefined;
      const path = pathOf([...(ancestors as (Node | Pair | Document)[]), pair as Pair], false);
      found = { path, start: range[0], end: range[1] };
      return visit.BREAK;
    },
  });
  return found;
}
