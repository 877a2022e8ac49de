import type { ConfigNode } from '../config_node.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';
import { addHeader, type HeaderMap } from './header_map.ts';

export type HeaderMutate = (headers: HeaderMap, context: () => FormatterContext) => void;

/** `config.common.mutation_rules.v3.HeaderMutation`s, one after the other: http/header_mutation.cc. */
export function compileHeaderMutations(mutations: readonly ConfigNode[]): HeaderMutate {
  const all = mutations.map(compileOne);
  return (headers, context) => {
    for (const one of all) one(headers, context);
  };
}

function compileOne(mutation: ConfigNode): HeaderMutate {
  const remove = mutation.text('remove')?.toLowerCase();
  if (remove !== undefined) return (headers) => headers.remove(remove);
  const key = mutation.child('remove_on_match')?.child('key_matcher');
  if (key) {
    const mismatch = compileStringMatcher(key);
    return (headers) => headers.removeAll(new Set(headers.names().filter((name) => mismatch(name) === undefined)));
  }
  const append = mutation.child('append');
  const header = append?.child('header');
  if (!append || !header) return () => undefined;
  const name = (header.text('key') ?? '').toLowerCase();
  const template = header.text('value') ?? '';
  const action = append.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD';
  const keepsEmpty = append.flag('keep_empty_value');
  return (headers, context) => {
    const value = expand(template, context());
    if (value !== '' || keepsEmpty) addHeader(headers, name, value, action);
  };
}
