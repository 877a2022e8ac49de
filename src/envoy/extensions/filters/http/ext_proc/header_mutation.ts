import type { ConfigNode } from '../../../../config_node.ts';
import { nameOf, type HeaderMap } from '../../../../http/header_map.ts';
import { textOfBase64 } from '../../../../matching/base64.ts';
import type { MutationRules } from '../../../../matching/mutation_rules.ts';

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
  else headers.set(nameOf(headers, name), value);
}
