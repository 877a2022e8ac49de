import type { Json } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { compileCelText } from '../cel/expression.ts';
import { formatFault } from '../formatter/format_syntax.ts';
import { NONE, problem, typeOf, type Check } from './check.ts';
import type { ConfigPath, Diagnostic } from '#source';

/** A text with command operators, at its place. `more` are the operators of extensions. */
export function checkFormat(
  node: ConfigNode,
  path: ConfigPath,
  format: string,
  more?: ReadonlySet<string>,
): Diagnostic[] {
  const fault = formatFault(format, more);
  if (!fault) return NONE;
  return problem('command_operator', node, path, fault.message, {
    ...(fault.help === undefined ? {} : { help: fault.help }),
    envoySays: fault.envoySays,
  });
}

/** The operators that a formatter brings, by the end of its type; the others are built in. */
const OF_FORMATTERS: Readonly<Record<string, string>> = {
  'req_without_query.v3.ReqWithoutQuery': 'REQ_WITHOUT_QUERY',
  'file_content.v3.FileContent': 'FILE_CONTENT',
  'generic_secret.v3.GenericSecret': 'SECRET',
};

/** `core.v3.SubstitutionFormatString`: one text, or every text of a JSON object. */
export const checkSubstitutionFormat: Check = (node) => {
  const formatters = node.list('formatters').map((one) => typeOf(one.child('typed_config')));
  const more = new Set(
    formatters.flatMap((type) => OF_FORMATTERS[type.replace('envoy.extensions.formatter.', '')] ?? []),
  );
  const text = node.text('text_format');
  if (text !== undefined) return checkFormat(node, ['text_format'], text, more);
  const inline = node.child('text_format_source')?.text('inline_string');
  if (inline !== undefined) return checkFormat(node, ['text_format_source', 'inline_string'], inline, more);
  return checkTextsIn(node, 'json_format', more);
};

/** The old formats of a file log. */
export const checkFileLog: Check = (node) => [
  ...checkFormat(node, ['format'], node.text('format') ?? ''),
  ...checkTextsIn(node, 'json_format'),
  ...checkTextsIn(node, 'typed_json_format'),
];

const checkTextsIn = (node: ConfigNode, field: string, more?: ReadonlySet<string>): Diagnostic[] =>
  textsIn(node.raw(field), [field]).flatMap(([path, one]) => checkFormat(node, path, one, more));

/** An expression that decides whether a line is written. */
export const checkExpressionFilter: Check = (node) => {
  const text = node.text('expression') ?? '';
  if (compileCelText(text)) return NONE;
  return problem('cel', node, ['expression'], `The expression "${text}" cannot be read.`, {
    envoySays: 'Not able to parse filter expression',
  });
};

function textsIn(value: Json | undefined, path: ConfigPath): [ConfigPath, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((one, i) => textsIn(one, [...path, i]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => textsIn(one, [...path, key]));
}
