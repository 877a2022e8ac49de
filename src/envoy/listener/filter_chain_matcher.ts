import type { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import { compileMatchTree } from '../matching/match_tree.ts';
import type { Detected } from '../network/detected.ts';
import type { Connection } from '../seams.ts';
import type { Trace } from '../trace.ts';

const NO_HEADERS = new HeaderMap();

/** The name of the chain for a connection; undefined where the matcher finds none. */
export type FilterChainMatcher = (connection: Connection, detected: Detected) => string | undefined;

/** `filter_chain_matcher`: it names the chain, and `filter_chain_match` is not looked at (filter_chain_manager_impl.cc, findFilterChainUsingMatcher). */
export function compileFilterChainMatcher(
  listener: ConfigNode,
  trace: Trace | undefined,
): FilterChainMatcher | undefined {
  const node = listener.child('filter_chain_matcher');
  if (!node) return undefined;
  const tree = compileMatchTree(node);
  return (connection, detected) => {
    const log: Record<string, string> = detected.sni === undefined ? {} : { sni: detected.sni };
    const action = tree({ request: NO_HEADERS, connection, detected, log });
    const name = action?.text('value');
    trace?.record({
      kind: 'filter_chain_matcher',
      state: action ? 'matched' : 'info',
      because: (action ?? node).ref,
      sentence:
        name === undefined
          ? 'The matcher of the listener finds no filter chain.'
          : `The matcher of the listener names the filter chain \`${name}\`.`,
    });
    return name;
  };
}
