import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { Dispatcher, Random } from '#sim';
import type { DnsCaches } from '../dns/dns_cache.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { HostSet, PriorityChoice } from '../load_balancing/priority_load.ts';
import type { RetryChoice } from '../router/retry_hosts.ts';
import type { LoadBalancerContext } from '../load_balancing/load_balancer.ts';
import type { Connection, UpstreamNetwork } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { SubscriptionFactory } from '../subscription/subscription_factory.ts';
import type { Trace } from '../trace.ts';
import type { ConnPool } from './conn_pool.ts';
import type { Host } from './host.ts';

/** What a choice of host may depend on, beyond the cluster. */
export interface ChoiceContext extends LoadBalancerContext {
  /** `envoy.lb` of the route's metadata_match. */
  readonly subset: JsonObject | undefined;
  /** What another try avoids. */
  readonly retry?: RetryChoice | undefined;
  /** The request that is to be sent, where there is one. */
  readonly stream?: StreamFacts;
  /** Whoever chose the priority already: an aggregate cluster. */
  readonly at?: PriorityChoice;
}

/** What of a request may decide where it goes. */
export interface StreamFacts {
  readonly request: HeaderMap;
  readonly connection: Connection;
  readonly dynamicMetadata: JsonObject;
  readonly filterState?: ReadonlyMap<string, string>;
  /** The host that a filter asks for; with `isStrict` no other will do. */
  readonly overrideHost?: { readonly address: string; readonly isStrict: boolean } | undefined;
}

/** Another cluster, as far as a discovery needs it. */
export interface PeerCluster {
  /** The hosts by priority. */
  readonly hostSets: readonly HostSet[];
  chooseHost(context: ChoiceContext): Host | undefined;
  readonly hosts: readonly Host[];
  poolOf(host: Host, priority: RoutingPriority, isHttp2?: boolean): ConnPool | undefined;
}

/** `core.v3.RoutingPriority`: each has circuit breakers of its own. */
export type RoutingPriority = 'DEFAULT' | 'HIGH';

/** How a cluster comes to its endpoints: the part of it that its type decides. */
export interface ClusterDiscovery {
  /** A secondary cluster may need the network of others: it is started after all that do not. */
  readonly phase: 'primary' | 'secondary';
  /** Begins to look; calls back when there is a first answer, or it is clear that none will come in time. */
  start(onInitialized: () => void): void;
  stop?(): void;
  /** Picks by itself, in place of a load balancer (`CLUSTER_PROVIDED`). */
  chooseHost?(context: ChoiceContext): Host | undefined;
  /** The cluster that a host which it picked belongs to, where that is another: connections are made there. */
  ownerOf?(host: Host): PeerCluster | undefined;
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
  readonly dnsCaches: DnsCaches;
  readonly random: Random;
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
