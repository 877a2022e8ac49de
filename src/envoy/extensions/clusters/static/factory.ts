import type { ClusterFactory } from '../../../upstream/cluster_discovery.ts';
import { hostsOf } from '../../../upstream/host.ts';

/** `type: STATIC`: the endpoints stand in the configuration: static_cluster.cc. */
export const staticClusterFactory: ClusterFactory = {
  name: 'envoy.cluster.static',
  type: 'STATIC',
  create: ({ node, setHosts }) => ({
    phase: 'primary',
    start: (onInitialized) => {
      const assignment = node.child('load_assignment');
      setHosts(
        hostsOf(assignment, (name) => [name]),
        assignment,
      );
      onInitialized();
    },
  }),
};
