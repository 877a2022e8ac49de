import type { ClusterDiscovery, ClusterFactory, DiscoveryOwner } from '../../../upstream/cluster_discovery.ts';
import { hostsOf, type Host } from '../../../upstream/host.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from '../../../subscription/subscription.ts';
import type { ConfigNode } from '../../../config_node.ts';
import { isIpAddress } from '../../../network/cidr.ts';
import { durationMs } from '#api';
import type { Timer } from '#sim';
import { SubscriptionFactory } from '../../../subscription/subscription_factory.ts';

/** `type: EDS`: the endpoints come over xDS: eds.cc. */
class EndpointDiscovery implements ClusterDiscovery, SubscriptionCallbacks {
  readonly phase: 'primary' | 'secondary';
  readonly #owner: DiscoveryOwner;
  readonly #name: string;
  readonly #subscription: Subscription;
  #onInitialized: () => void = () => undefined;
  /** Ends the use of endpoints that nobody has confirmed for `endpoint_stale_after`. */
  #staleTimer: Timer | undefined;

  constructor(owner: DiscoveryOwner) {
    this.#owner = owner;
    const config = owner.node.child('eds_cluster_config');
    const source = config?.child('eds_config') ?? owner.node;
    this.#name = config?.text('service_name') || (owner.node.text('name') ?? '');
    this.phase = SubscriptionFactory.isPathBased(source) ? 'primary' : 'secondary';
    owner.stats.declare(...['assignment_stale', 'assignment_timeout_received'].map((one) => owner.statPrefix + one));
    this.#subscription = owner.subscriptions.create(source, 'eds', owner.statPrefix, this);
  }

  start(onInitialized: () => void): void {
    this.#onInitialized = onInitialized;
    this.#subscription.start([this.#name]);
  }

  stop(): void {
    this.#staleTimer?.cancel();
    this.#subscription.stop();
  }

  onConfigUpdate(resources: readonly DecodedResource[]): string | undefined {
    const { stats, statPrefix, trace } = this.#owner;
    const [assignment] = resources;
    if (!assignment) {
      stats.add(`${statPrefix}update_empty`);
      this.#onInitialized();
      return undefined;
    }
    if (resources.length > 1) return `Unexpected EDS resource length: ${resources.length}`;
    if (assignment.name !== this.#name) return `Unexpected EDS cluster (expecting ${this.#name}): ${assignment.name}`;
    if (assignment.problem !== undefined) return assignment.problem;
    const name = nameAmong(assignment.node);
    if (name !== undefined)
      return `malformed IP address: ${name}. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'`;
    this.#watchStaleness(assignment);
    const hosts = withoutRepeats(hostsOf(assignment.node, (name) => [name]));
    trace?.record({
      kind: 'endpoints_updated',
      state: 'info',
      because: assignment.node.ref,
      sentence: `The cluster \`${this.#owner.node.text('name') ?? ''}\` has the endpoints ${hosts.map((one) => one.address).join(', ') || '(none)'}.`,
    });
    if (!this.#owner.setHosts(hosts, assignment.node)) stats.add(`${statPrefix}update_no_rebuild`);
    this.#onInitialized();
    return undefined;
  }

  /** An assignment that is taken away leaves the endpoints as they were: only an empty one empties the cluster. */
  onDeltaUpdate(added: readonly DecodedResource[]): string | undefined {
    return this.onConfigUpdate(added);
  }

  onConfigUpdateFailed(): void {
    this.#onInitialized();
  }

  #watchStaleness({ node }: DecodedResource): void {
    const { stats, statPrefix, dispatcher, setHosts } = this.#owner;
    this.#staleTimer?.cancel();
    const staleMs = durationMs(node.child('policy')?.text('endpoint_stale_after')) ?? 0;
    if (staleMs <= 0) return;
    stats.add(`${statPrefix}assignment_timeout_received`);
    this.#staleTimer = dispatcher.createTimer('endpoint_stale_after', staleMs, () => {
      setHosts([]);
      stats.add(`${statPrefix}assignment_stale`);
    });
  }
}

/** An address that is a name: EDS resolves none. */
function nameAmong(assignment: ConfigNode): string | undefined {
  const addresses = assignment
    .list('endpoints')
    .flatMap((group) => group.list('lb_endpoints'))
    .flatMap((one) => one.child('endpoint')?.child('address')?.child('socket_address')?.text('address') ?? []);
  return addresses.find((one) => !isIpAddress(one));
}

/** Of two endpoints with one address the first counts. */
function withoutRepeats(hosts: readonly Host[]): Host[] {
  const seen = new Set<string>();
  return hosts.filter(({ address }) => !seen.has(address) && seen.add(address));
}

export const edsClusterFactory: ClusterFactory = {
  name: 'envoy.cluster.eds',
  type: 'EDS',
  create: (owner) => new EndpointDiscovery(owner),
};
