import type { ConfigNode } from '../config_node.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { addHeader, type HeaderMap } from './header_map.ts';

type EarlyMutation = (headers: HeaderMap, context: () => FormatterContext) => void;

/** `early_header_mutation_extensions`: changes a request before anything else looks at it, routes included. */
export function compileEarlyMutations(nodes: readonly ConfigNode[]): EarlyMutation[] {
  return nodes
    .map((node) => node.child('typed_config'))
    .filter((config) => config?.text('@type')?.endsWith('.early_header_mutation.header_mutation.v3.HeaderMutation'))
    .flatMap((config) => config?.list('mutations') ?? [])
    .map(compileMutation);
}

function compileMutation(node: ConfigNode): EarlyMutation {
  const remove = node.text('remove')?.toLowerCase();
  if (remove !== undefined) return (headers) => headers.remove(remove);
  const append = node.child('append');
  const header = append?.child('header');
  const name = (header?.text('key') ?? '').toLowerCase();
  const action = append?.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD';
  return (headers, context) => {
    const value = expand(header?.text('value') ?? '', context());
    if (value !== '' || append?.flag('keep_empty_value') === true) addHeader(headers, name, value, action);
  };
}
