import { durationMs } from '#api';
import type { ClusterDiscovery, ClusterFactory, DiscoveryOwner } from '../../../upstream/cluster_discovery.ts';
import { hostsOf, type Host } from '../../../upstream/host.ts';

const DEFAULT_REFRESH_MS = 5_000;

/** `type: STRICT_DNS`: every address of every name is an endpoint: strict_dns_cluster.cc. */
class StrictDns implements ClusterDiscovery {
  readonly phase = 'primary';
  readonly #owner: DiscoveryOwner;
  readonly #refreshMs: number;
  /** What each name led to last. */
  readonly #hostsOf = new Map<string, readonly Host[]>();
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

  /** Each name is asked for by itself, and the endpoints change with each answer. */
  #resolve(): void {
    if (this.#isStopped) return;
    const { node, setHosts, dispatcher } = this.#owner;
    const assignment = node.child('load_assignment');
    const targets = hostsOf(assignment, (name) => [name]);
    for (const target of targets) {
      const hosts = this.#ask(target);
      if (hosts) this.#hostsOf.set(target.address, hosts);
      setHosts(
        targets.flatMap((one) => this.#hostsOf.get(one.address) ?? []),
        assignment,
      );
    }
    dispatcher.createTimer('dns_refresh', this.#refreshMs, () => this.#resolve());
  }

  /** The endpoints behind a name; undefined where it leads nowhere, so that those it had stay. */
  #ask(target: Host): Host[] | undefined {
    const { network, stats, statPrefix } = this.#owner;
    const at = target.address.lastIndexOf(':');
    const [name, port] = [target.address.slice(0, at), target.address.slice(at + 1)];
    stats.add(`${statPrefix}update_attempt`);
    const addresses = network.resolve(name);
    stats.add(`${statPrefix}${addresses.length > 0 ? 'update_success' : 'update_failure'}`);
    if (addresses.length === 0) return undefined;
    const before = this.#hostsOf
      .get(target.address)
      ?.map((one) => one.address)
      .join();
    const hosts = addresses.map((address) => target.at(`${address}:${port}`, target.hostname || name));
    if (before === hosts.map((one) => one.address).join()) stats.add(`${statPrefix}update_no_rebuild`);
    return hosts;
  }
}

export const strictDnsClusterFactory: ClusterFactory = {
  name: 'envoy.cluster.strict_dns',
  type: 'STRICT_DNS',
  create: (owner) => new StrictDns(owner),
};
