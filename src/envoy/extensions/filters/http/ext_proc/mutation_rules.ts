import type { ConfigNode } from '../../../../config_node.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { textOfBase64 } from '../../../../matching/base64.ts';
import { fullMatch } from '../../../../router/string_matcher.ts';

/** `config.common.mutation_rules.v3.HeaderMutationRules`: whether a header may be changed. */
export interface MutationRules {
  readonly allows: (name: string) => boolean;
  readonly isError: boolean;
}

const ROUTING: ReadonlySet<string> = new Set(['host', ':authority', ':scheme', ':method']);

export function compileMutationRules(node: ConfigNode | undefined): MutationRules {
  const expression = (name: string): ((header: string) => boolean) => {
    const regex = node?.child(name)?.text('regex');
    return regex === undefined ? () => false : fullMatch(regex);
  };
  const [isAllowed, isDisallowed] = [expression('allow_expression'), expression('disallow_expression')];
  const allows = (name: string): boolean => {
    if (isDisallowed(name)) return false;
    if (isAllowed(name)) return true;
    if (node?.flag('disallow_all') === true) return false;
    if (ROUTING.has(name)) return node?.flag('allow_all_routing') === true;
    if (name.startsWith(':')) return node?.flag('disallow_system') !== true;
    return !name.startsWith('x-envoy') || node?.flag('allow_envoy') === true;
  };
  return { allows, isError: node?.flag('disallow_is_error') === true };
}

/** What a mutation did: how many headers it might not change, and a new status where it gave one. */
export interface Mutated {
  readonly rejected: number;
  readonly status: number | undefined;
}

/** Removes, then sets: mutation_utils.cc, applyHeaderMutations. */
export function applyHeaderMutation(mutation: ConfigNode, headers: HeaderMap, rules: MutationRules): Mutated {
  let rejected = 0;
  let status: number | undefined;
  for (const one of mutation.texts('remove_headers')) {
    const name = one.toLowerCase();
    if (name.startsWith(':') || name === 'host' || !rules.allows(name)) rejected++;
    else headers.remove(name);
  }
  for (const option of mutation.list('set_headers')) {
    const { name, value } = headerOf(option);
    if (name === ':status') {
      if (Number(value) >= 200) status = Number(value);
    } else if (name === '' || !rules.allows(name)) rejected++;
    else set(headers, name, value, option);
  }
  return { rejected, status };
}

function headerOf(option: ConfigNode): { name: string; value: string } {
  const header = option.child('header');
  const raw = header?.text('raw_value');
  const value = raw === undefined ? header?.text('value') : textOfBase64(raw);
  return { name: (header?.text('key') ?? '').toLowerCase(), value: value ?? '' };
}

function set(headers: HeaderMap, name: string, value: string, option: ConfigNode): void {
  // Only the flag `append` counts: append_action is passed over, and without a word it overwrites.
  if (option.flag('append') && !name.startsWith(':')) headers.add(name, value);
  else headers.set(name, value);
}
