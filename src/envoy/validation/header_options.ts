import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, type Check } from './check.ts';
import { checkFormat } from './formats.ts';

/** An older spelling, which headers alone still know: router/header_parser.cc. */
const OF_HEADERS: ReadonlySet<string> = new Set(['PER_REQUEST_STATE']);

const isProtected = (name: string): boolean => name.startsWith(':') || name.toLowerCase() === 'host';

/** The headers that one level of the route configuration adds and removes. */
export function checkHeaderOptions(node: ConfigNode): Diagnostic[] {
  return [
    ...['request_headers_to_add', 'response_headers_to_add'].flatMap((field) =>
      node.list(field).flatMap(checkAddedHeader),
    ),
    ...['request_headers_to_remove', 'response_headers_to_remove'].flatMap((field) => checkRemoved(node, field)),
  ];
}

/** A mirror policy: what it changes of the copy's headers. */
export const checkMirror: Check = (node) =>
  node.list('request_headers_mutations').flatMap((one) => {
    const append = one.child('append');
    return append ? checkAddedHeader(append) : checkRemoved(one, 'remove');
  });

/** `HeaderValueOption`. */
export function checkAddedHeader(option: ConfigNode): Diagnostic[] {
  const header = option.child('header');
  const key = header?.text('key') ?? '';
  const named = isProtected(key)
    ? problem('header_name', option, ['header', 'key'], `The header \`${key}\` cannot be changed here.`, {
        help: 'Use `host_rewrite_literal` or a path rewrite of the route.',
        envoySays: ':-prefixed or host headers may not be modified',
      })
    : NONE;
  return [...named, ...checkFormat(option, ['header', 'value'], header?.text('value') ?? '', OF_HEADERS)];
}

const checkRemoved = (node: ConfigNode, field: string): Diagnostic[] =>
  [node.text(field) ?? [], node.texts(field)].flat().flatMap((name, i) =>
    isProtected(name)
      ? problem(
          'header_name',
          node,
          node.text(field) === undefined ? [field, i] : [field],
          `The header \`${name}\` cannot be removed.`,
          {
            envoySays: ':-prefixed or host headers may not be removed',
          },
        )
      : NONE,
  );
