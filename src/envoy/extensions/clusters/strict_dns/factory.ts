import { durationMs } from '#api';
import type { ClusterDiscovery, ClusterFactory, DiscoveryOwner } from '../../../upstream/cluster_discovery.ts';
import { hostsOf } from '../../../upstream/host.ts';

const DEFAULT_REFRESH_MS = 5_000;

/** `type: STRICT_DNS`: every address of every name is an endpoint: strict_dns_cluster.cc. */
class StrictDns implements ClusterDiscovery {
  readonly phase = 'primary';
  readonly #owner: DiscoveryOwner;
  readonly #refreshMs: number;
  #isStopped = false;

  constructor(owner: DiscoveryOwner) {
    this.#owner = owner;
    this.#refreshMs = durationMs(owner.node.text('dns_refresh_rate')) ?? DEFAULT_REFRESH_MS;
  }

  start(onInitialized: () => void): void {
    this.#resolve();
    onInitialized();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #resolve(): void {
    if (this.#isStopped) return;
    const { node, network, stats, statPrefix, setHosts, dispatcher } = this.#owner;
    const assignment = node.child('load_assignment');
    const hosts = hostsOf(assignment, (name) => {
      stats.add(`${statPrefix}update_attempt`);
      const addresses = network.resolve(name);
      stats.add(`${statPrefix}${addresses.length > 0 ? 'update_success' : 'update_failure'}`);
      return addresses;
    });
    if (!setHosts(hosts, assignment)) stats.add(`${statPrefix}update_no_rebuild`);
    dispatcher.createTimer('dns_refresh', this.#refreshMs, () => this.#resolve());
  }
}

export const strictDnsClusterFactory: ClusterFactory = {
  name: 'envoy.cluster.strict_dns',
  type: 'STRICT_DNS',
  create: (owner) => new StrictDns(owner),
};
