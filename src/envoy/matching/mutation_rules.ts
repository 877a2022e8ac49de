import type { ConfigNode } from '../config_node.ts';
import { fullMatch } from '../router/string_matcher.ts';

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
