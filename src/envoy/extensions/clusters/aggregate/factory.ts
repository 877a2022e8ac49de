import { choosePriority, loadsOf } from '../../../load_balancing/priority_load.ts';
import type {
  ChoiceContext,
  ClusterDiscovery,
  ClusterFactory,
  DiscoveryOwner,
  PeerCluster,
} from '../../../upstream/cluster_discovery.ts';
import type { Host } from '../../../upstream/host.ts';

const OPTIONS = { overprovisioning: 140, panicThreshold: 50 };

/** One priority after another, over all clusters: the priorities of the first come before those of the second. */
class Aggregate implements ClusterDiscovery {
  readonly phase = 'secondary';
  readonly #owner: DiscoveryOwner;
  readonly #names: readonly string[];
  readonly #owners = new WeakMap<Host, PeerCluster>();

  constructor(owner: DiscoveryOwner) {
    this.#owner = owner;
    this.#names = owner.node.child('cluster_type')?.child('typed_config')?.texts('clusters') ?? [];
  }

  /** Whether its clusters are there is seen request by request: aggregate/cluster.cc. */
  start(onInitialized: () => void): void {
    onInitialized();
  }

  chooseHost(context: ChoiceContext): Host | undefined {
    const levels = this.#names
      .flatMap((name) => this.#owner.clusterNamed(name) ?? [])
      .flatMap((cluster) => cluster.hostSets.map((set, priority) => ({ cluster, set, priority })));
    if (levels.length === 0) return undefined;
    const loads = loadsOf(
      levels.map(({ set }) => set),
      OPTIONS,
    );
    const { priority: level, source } = choosePriority(loads, this.#owner.random);
    const { cluster, priority } = levels[level]!;
    const host = cluster.chooseHost({ ...context, at: { priority, source } });
    if (host) this.#owners.set(host, cluster);
    return host;
  }

  ownerOf(host: Host): PeerCluster | undefined {
    return this.#owners.get(host);
  }
}

export const aggregateClusterFactory: ClusterFactory = {
  name: 'envoy.clusters.aggregate',
  message: 'envoy.extensions.clusters.aggregate.v3.ClusterConfig',
  create: (owner) => new Aggregate(owner),
};
