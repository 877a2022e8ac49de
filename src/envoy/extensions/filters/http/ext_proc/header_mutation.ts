import type { ConfigNode } from '../../../../config_node.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { textOfBase64 } from '../../../../matching/base64.ts';
import type { MutationRules } from '../../../../matching/mutation_rules.ts';

/** What a mutation did: how many headers it might not change, and a new status where it gave one. */
export interface Mutated {
  readonly rejected: number;
  /** What could not be done, where the rules say that this is an error. */
  readonly failed: string | undefined;
  readonly status: number | undefined;
}

/** Removes, then sets; whoever replaces the whole message may change its method: mutation_utils.cc, applyHeaderMutations. */
export function applyHeaderMutation(
  mutation: ConfigNode,
  headers: HeaderMap,
  rules: MutationRules,
  replaces = false,
): Mutated {
  const kept = removeHeaders(mutation, headers, rules);
  const { rejected, status } = setHeaders(
    mutation,
    headers,
    (name) => rules.allows(name) || (replaces && name === ':method'),
  );
  const failed =
    kept > 0
      ? 'header_mutation_remove_headers_failed'
      : rejected > 0
        ? 'header_mutation_set_headers_failed'
        : undefined;
  return { rejected: kept + rejected, status, failed: rules.isError ? failed : undefined };
}

/** How many were to be removed, and stay. */
function removeHeaders(mutation: ConfigNode, headers: HeaderMap, rules: MutationRules): number {
  let kept = 0;
  for (const one of mutation.texts('remove_headers')) {
    const name = one.toLowerCase();
    if (name.startsWith(':') || name === 'host' || !rules.allows(name)) kept++;
    else headers.remove(name);
  }
  return kept;
}

function setHeaders(
  mutation: ConfigNode,
  headers: HeaderMap,
  allows: (name: string) => boolean,
): Pick<Mutated, 'rejected' | 'status'> {
  let rejected = 0;
  let status: number | undefined;
  for (const option of mutation.list('set_headers')) {
    const { name, value } = headerOf(option);
    if (name === ':status') {
      if (Number(value) >= 200) status = Number(value);
      else rejected++;
    } else if (name === '' || !allows(name)) rejected++;
    else set(headers, name, value, option);
  }
  return { rejected, status };
}

function headerOf(option: ConfigNode): { name: string; value: string } {
  const header = option.child('header');
  // Only the bytes count.
  const value = textOfBase64(header?.text('raw_value') ?? '') ?? '';
  return { name: (header?.text('key') ?? '').toLowerCase(), value };
}

function set(headers: HeaderMap, name: string, value: string, option: ConfigNode): void {
  // Only the flag `append` counts: append_action is passed over, and without a word it overwrites.
  if (option.flag('append') && !name.startsWith(':')) headers.add(name, value);
  else headers.set(name, value);
}
