import type { Json } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { formatFault } from '../formatter/format_syntax.ts';
import { NONE, problem, type Check } from './check.ts';
import type { ConfigPath, Diagnostic } from '#source';

/** A text with command operators, at its place. */
export function checkFormat(node: ConfigNode, path: ConfigPath, format: string): Diagnostic[] {
  const fault = formatFault(format);
  if (!fault) return NONE;
  return problem('command_operator', node, path, fault.message, {
    ...(fault.help === undefined ? {} : { help: fault.help }),
    envoySays: fault.envoySays,
  });
}

/** `core.v3.SubstitutionFormatString`: one text, or every text of a JSON object. */
export const checkSubstitutionFormat: Check = (node) => {
  const text = node.text('text_format');
  if (text !== undefined) return checkFormat(node, ['text_format'], text);
  const inline = node.child('text_format_source')?.text('inline_string');
  if (inline !== undefined) return checkFormat(node, ['text_format_source', 'inline_string'], inline);
  return textsIn(node.raw('json_format'), ['json_format']).flatMap(([path, one]) => checkFormat(node, path, one));
};

function textsIn(value: Json | undefined, path: ConfigPath): [ConfigPath, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((one, i) => textsIn(one, [...path, i]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => textsIn(one, [...path, key]));
}
