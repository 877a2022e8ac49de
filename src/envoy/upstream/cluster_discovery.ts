import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { Dispatcher } from '#sim';
import type { RetryChoice } from '../router/retry_hosts.ts';
import type { LoadBalancerContext } from '../load_balancing/load_balancer.ts';
import type { UpstreamNetwork } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { SubscriptionFactory } from '../subscription/subscription_factory.ts';
import type { Trace } from '../trace.ts';
import type { Host } from './host.ts';

/** What a choice of host may depend on, beyond the cluster. */
export interface ChoiceContext extends LoadBalancerContext {
  /** `envoy.lb` of the route's metadata_match. */
  readonly subset: JsonObject | undefined;
  /** What another try avoids. */
  readonly retry?: RetryChoice | undefined;
}

/** Another cluster, as far as a discovery needs it. */
export interface PeerCluster {
  chooseHost(context: ChoiceContext): Host | undefined;
  readonly hosts: readonly Host[];
}

/** How a cluster comes to its endpoints: the part of it that its type decides. */
export interface ClusterDiscovery {
  /** A secondary cluster may need the network of others: it is started after all that do not. */
  readonly phase: 'primary' | 'secondary';
  /** Begins to look; calls back when there is a first answer, or it is clear that none will come in time. */
  start(onInitialized: () => void): void;
  stop?(): void;
  /** Picks by itself, in place of a load balancer (`CLUSTER_PROVIDED`). */
  chooseHost?(context: ChoiceContext): Host | undefined;
}

/** What a discovery may use of its cluster and of the proxy. */
export interface DiscoveryOwner {
  readonly node: ConfigNode;
  /** `cluster.NAME.` */
  readonly statPrefix: string;
  readonly dispatcher: Dispatcher;
  readonly network: UpstreamNetwork;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly subscriptions: SubscriptionFactory;
  /** An active cluster. */
  clusterNamed(name: string): PeerCluster | undefined;
  hosts(): readonly Host[];
  /** The endpoints as they are now; false where nothing changed. */
  setHosts(hosts: readonly Host[], assignment?: ConfigNode): boolean;
}

/** One kind of cluster: by its `type`, or by the message of its `cluster_type`. */
export interface ClusterFactory {
  readonly name: string;
  readonly type?: string;
  readonly message?: string;
  create(owner: DiscoveryOwner): ClusterDiscovery;
}

/** The kinds that are run: handed down, never imported. */
export type ClusterTypes = readonly ClusterFactory[];

/** The factory of a cluster's kind; one without a type is STATIC, as is one of a kind that is not run. */
export function factoryOf(node: ConfigNode, types: ClusterTypes): ClusterFactory {
  const message = node.child('cluster_type')?.child('typed_config')?.text('@type')?.split('/').at(-1);
  const type = message === undefined ? (node.text('type') ?? 'STATIC') : undefined;
  return types.find((one) => (message === undefined ? one.type === type : one.message === message)) ?? types[0]!;
}
