import type { ConfigNode } from '../config_node.ts';

/** How HTTP/1 spells the name of a header; undefined where it stays in lower case. */
export type HeaderKeyFormat = ((name: string) => string) | undefined;

/** A letter after anything that is none is a capital: http1/header_formatter.cc. */
const properCase = (name: string): string =>
  name.replace(/(^|[^a-zA-Z0-9])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());

/** `Http1ProtocolOptions.header_key_format`, where it is the same for every message. */
export const compileHeaderKeyFormat = (options: ConfigNode | undefined): HeaderKeyFormat =>
  options?.child('header_key_format')?.has('proper_case_words') === true ? properCase : undefined;

/** How the names of a message are written that came spelled like this. */
export type KeepSpelling = (spelled: readonly string[]) => (name: string) => string;

/** `preserve_case`: names stay as they came; those that Envoy adds are in lower or in proper case (preserve_case_formatter.cc). */
export function compilePreserveCase(options: ConfigNode | undefined): KeepSpelling | undefined {
  const formatter = options?.child('header_key_format')?.child('stateful_formatter')?.child('typed_config');
  if (!formatter?.text('@type')?.endsWith('.PreserveCaseFormatterConfig')) return undefined;
  const own = formatter.text('formatter_type_on_envoy_headers') === 'PROPER_CASE' ? properCase : undefined;
  return (spelled) => {
    const names = new Map(spelled.map((name) => [name.toLowerCase(), name]));
    return (name) => names.get(name) ?? own?.(name) ?? name;
  };
}
