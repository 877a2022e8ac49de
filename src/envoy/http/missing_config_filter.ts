import type { ConfigNode } from '../config_node.ts';
import type { FilterCallbacks, HttpFilter } from './filter.ts';

/** Stands where a filter should be whose configuration has not come: filter_chain_helper.cc, MissingConfigFilter. */
export const missingConfigFilter = (name: string, node: ConfigNode, callbacks: FilterCallbacks): HttpFilter => ({
  decode: () => {
    callbacks.trace?.record({
      kind: 'filter_config_missing',
      state: 'failed',
      because: node.ref,
      sentence: `The configuration of \`${name}\` has not come: 500 NFCF.`,
    });
    callbacks.sendLocalReply({ status: 500, details: '', flag: 'NFCF' });
    return 'stop_iteration';
  },
});
