import type { ConfigNode } from '../../../config_node.ts';
import { hashOf } from '../../../load_balancing/hash_policy.ts';
import type { ClusterSpecifierFactory } from '../../../router/cluster_specifier.ts';

interface Group {
  readonly clusters: readonly { readonly name: string; readonly weight: number }[];
  readonly total: number;
}

function compileGroup(node: ConfigNode): Group {
  const clusters = node.list('clusters').map((one) => ({
    name: one.text('cluster_name') ?? '',
    weight: one.number('weight') ?? 1,
  }));
  return { clusters, total: clusters.reduce((sum, { weight }) => sum + weight, 0) };
}

/**
 * Groups of clusters by weight: the first try goes to the first group, each retry to the next one, and the last group takes
 * what is left (cluster_specifiers/priority_group). Groups in the metadata of a request are not looked at.
 */
export const priorityGroupClusterSpecifierFactory: ClusterSpecifierFactory = {
  type: 'envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier',
  compile: (config, _, action) => {
    const groups = config.list('priority_groups').map(compileGroup);
    const header = config.text('header_name')?.toLowerCase();
    const hashPolicy = config.flag('use_hash_policy') ? action.list('hash_policy') : [];
    return (facts, random) => {
      // How many tries there have been: the next one is chosen for.
      const tries = Number(facts.log?.['attempts'] ?? 0);
      const group = groups[Math.min(tries, groups.length - 1)];
      if (!group || group.total === 0) return '';
      const told = header === undefined ? undefined : facts.request.get(header);
      const drawn = told !== undefined && /^\d+$/.test(told) ? BigInt(told) : hashOf(hashPolicy, facts);
      let ticket = drawn === undefined ? random.below(group.total) : Number(drawn % BigInt(group.total));
      return group.clusters.find(({ weight }) => (ticket -= weight) < 0)?.name ?? '';
    };
  },
};
