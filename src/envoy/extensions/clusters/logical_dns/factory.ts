import { durationMs } from '#api';
import type { ClusterDiscovery, ClusterFactory, DiscoveryOwner } from '../../../upstream/cluster_discovery.ts';
import { hostsOf } from '../../../upstream/host.ts';

const DEFAULT_REFRESH_MS = 5_000;

/** `type: LOGICAL_DNS`: one endpoint, at the first address that its name has now: logical_dns_cluster.cc. */
class LogicalDns implements ClusterDiscovery {
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

  /** What it had stays while the name leads nowhere. */
  #resolve(): void {
    if (this.#isStopped) return;
    const { node, network, stats, statPrefix, setHosts, dispatcher } = this.#owner;
    const assignment = node.child('load_assignment');
    stats.add(`${statPrefix}update_attempt`);
    const hosts = hostsOf(assignment, (name) => network.resolve(name).slice(0, 1));
    stats.add(`${statPrefix}${hosts.length > 0 ? 'update_success' : 'update_failure'}`);
    for (const host of hosts)
      host.hostname ||= nameOf(host.node.child('endpoint')?.child('address')?.child('socket_address'));
    if (hosts.length > 0) setHosts(hosts, assignment);
    dispatcher.createTimer('dns_refresh', this.#refreshMs, () => this.#resolve());
  }
}

const nameOf = (socket: { text(name: string): string | undefined } | undefined): string =>
  socket?.text('address') ?? '';

export const logicalDnsClusterFactory: ClusterFactory = {
  name: 'envoy.cluster.logical_dns',
  type: 'LOGICAL_DNS',
  create: (owner) => new LogicalDns(owner),
};
