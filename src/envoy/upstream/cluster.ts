import { durationMs, type JsonObject } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { HostPicker } from '../load_balancing/load_balancer.ts';
import { compilePicker } from '../load_balancing/policies.ts';
import { choosePriority, loadsOf, type HostSet, type Loads } from '../load_balancing/priority_load.ts';
import { Subsets } from '../load_balancing/subsets.ts';
import type { UpstreamNetwork } from '../seams.ts';
import type { SubscriptionFactory } from '../subscription/subscription_factory.ts';
import type { Trace } from '../trace.ts';
import type { StatsStore } from '../stats/store.ts';
import { CircuitBreaker } from './circuit_breaker.ts';
import { ClusterStats } from './cluster_stats.ts';
import { ConnPool } from './conn_pool.ts';
import { HealthChecker } from './health_check.ts';
import { OutlierDetection } from './outlier_detection.ts';
import {
  factoryOf,
  type ChoiceContext,
  type ClusterDiscovery,
  type ClusterTypes,
  type PeerCluster,
} from './cluster_discovery.ts';
import type { Host } from './host.ts';
import { updateHosts } from './host_update.ts';

/** `core.v3.RoutingPriority`: each has circuit breakers of its own. */
export type RoutingPriority = 'DEFAULT' | 'HIGH';

export interface ClusterServices {
  readonly network: UpstreamNetwork;
  readonly stats: StatsStore;
  readonly random: Random;
  readonly dispatcher: Dispatcher;
  readonly trace: Trace | undefined;
  readonly subscriptions: SubscriptionFactory;
  readonly types: ClusterTypes;
  /** An active cluster. */
  readonly clusterNamed: (name: string) => PeerCluster | undefined;
  /** Called when the hosts of a cluster, or their health, have changed. */
  readonly onUpdate: (cluster: Cluster, update: { isMergeable: boolean; windowMs: number }) => void;
}

const UPDATE_MERGE_MS = 1_000;
const OVERPROVISIONING = 140;
const PANIC_THRESHOLD = 50;

/** A cluster with its hosts, load balancer, pools and breakers. */
export class Cluster {
  readonly name: string;
  /** The name in statistics and logs: `alt_stat_name` where it is set. */
  readonly statName: string;
  readonly node: ConfigNode;
  readonly createdMs: number;
  readonly isHttp2: boolean;
  #hosts: readonly Host[] = [];
  #sets: readonly HostSet[] = [];
  #loads: Loads = { healthy: [], degraded: [], panics: [] };
  readonly stats: ClusterStats;
  readonly outlier: OutlierDetection | undefined;
  readonly #picker: HostPicker;
  readonly #subsets: Subsets | undefined;
  readonly #subsetLists = new Map<string, readonly Host[]>();
  readonly #options: { overprovisioning: number; panicThreshold: number };
  readonly #discovery: ClusterDiscovery;
  readonly #checkers: readonly HealthChecker[];
  #isInitialized = false;
  readonly #isLocalityWeighted: boolean;
  readonly #breakers: Readonly<Record<RoutingPriority, CircuitBreaker>>;
  readonly #pools = new Map<string, ConnPool>();
  readonly #services: ClusterServices;
  readonly #random: Random;

  constructor(node: ConfigNode, services: ClusterServices) {
    this.node = node;
    this.createdMs = services.dispatcher.nowMs;
    this.name = node.text('name') ?? '';
    this.statName = node.text('alt_stat_name') ?? this.name;
    this.isHttp2 = node.has('http2_protocol_options') || usesHttp2(node);
    this.#services = services;
    this.#random = services.random.fork(`cluster/${this.name}`);
    this.#picker = compilePicker(node, this.#random.fork('host'));
    const subset = node.child('lb_subset_config');
    this.#subsets = subset && new Subsets(subset);
    const common = node.child('common_lb_config');
    this.#isLocalityWeighted = common?.has('locality_weighted_lb_config') === true;
    this.#options = {
      overprovisioning: OVERPROVISIONING,
      panicThreshold: common?.child('healthy_panic_threshold')?.number('value') ?? PANIC_THRESHOLD,
    };
    const breaker = (priority: RoutingPriority): CircuitBreaker =>
      new CircuitBreaker(node, { stats: services.stats, statName: this.statName, priority });
    this.#breakers = { DEFAULT: breaker('DEFAULT'), HIGH: breaker('HIGH') };
    this.stats = new ClusterStats(node, services.stats, this.statName);
    const owner = { ...services, statName: this.statName, onChange: () => this.#onHealthChange() };
    const outlier = node.child('outlier_detection');
    this.outlier =
      outlier &&
      new OutlierDetection(outlier, { ...owner, random: this.#random.fork('outlier'), hosts: () => this.#hosts });
    this.#checkers = node.list('health_checks').map(
      (check) =>
        new HealthChecker(check, {
          ...owner,
          hasTraffic: () => this.#hosts.some((host) => host.stats.rq_total > 0),
        }),
    );
    this.#discovery = this.#createDiscovery();
    this.updateHealth();
  }

  #createDiscovery(): ClusterDiscovery {
    const { dispatcher, network, stats, trace, subscriptions, types, clusterNamed } = this.#services;
    return factoryOf(this.node, types).create({
      node: this.node,
      statPrefix: `cluster.${this.statName}.`,
      dispatcher,
      network,
      stats,
      trace,
      subscriptions,
      clusterNamed,
      hosts: () => this.#hosts,
      setHosts: (hosts, assignment) => this.#setHosts(hosts, assignment),
    });
  }

  get phase(): ClusterDiscovery['phase'] {
    return this.#discovery.phase;
  }

  /** Begins to look for endpoints; calls back when the cluster can take requests, or knows that it has none. */
  initialize(onInitialized: () => void): void {
    this.#discovery.start(() => {
      if (this.#isInitialized) return;
      this.#isInitialized = true;
      onInitialized();
    });
  }

  /** The cluster is gone, or another of its name is in its place: requests under way go on. */
  stop(): void {
    this.#discovery.stop?.();
    for (const checker of this.#checkers) checker.stop();
  }

  get overprovisioning(): number {
    return this.#options.overprovisioning;
  }

  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  #onHealthChange(): void {
    this.updateHealth();
    this.#tell(true);
  }

  #setHosts(told: readonly Host[], assignment: ConfigNode | undefined): boolean {
    const keepsHealthy = this.#checkers.length > 0 && !this.node.flag('ignore_health_on_host_removal');
    const { hosts, added, removed, priorities, isChanged } = updateHosts(this.#hosts, told, keepsHealthy);
    const overprovisioning = assignment?.child('policy')?.number('overprovisioning_factor') ?? OVERPROVISIONING;
    const isRebuilt = isChanged || overprovisioning !== this.#options.overprovisioning;
    if (!isRebuilt) return false;
    this.#options.overprovisioning = overprovisioning;
    this.#hosts = hosts;
    for (const checker of this.#checkers) {
      for (const host of added) checker.watch(host);
      for (const host of removed) checker.forget(host);
    }
    this.updateHealth();
    priorities.forEach(() => {
      this.stats.traffic.membership_change.inc();
      this.#tell(false);
    });
    if (priorities.size === 0) this.#tell(true);
    return true;
  }

  /** A cluster that is not used yet has nobody to tell. */
  #tell(isMergeable: boolean): void {
    const windowMs = durationMs(this.node.child('common_lb_config')?.text('update_merge_window')) ?? UPDATE_MERGE_MS;
    if (this.#isInitialized) this.#services.onUpdate(this, { isMergeable, windowMs });
  }

  /** To be called when the health of a host has changed: choices are made from lists by health. */
  updateHealth(): void {
    const priorities = Math.max(0, ...this.#hosts.map((host) => host.priority)) + 1;
    this.#subsetLists.clear();
    this.#sets = Array.from({ length: priorities }, (_, priority) => {
      const all = this.#hosts.filter((host) => host.priority === priority && !host.flags.has('eds_status_draining'));
      return {
        all,
        healthy: all.filter((host) => host.health === 'healthy'),
        degraded: all.filter((host) => host.health === 'degraded'),
      };
    });
    this.#loads = loadsOf(this.#sets, this.#options);
    const count = (health: string): number => this.#hosts.filter((host) => host.health === health).length;
    const gauges = {
      membership_total: this.#hosts.length,
      membership_healthy: count('healthy'),
      membership_degraded: count('degraded'),
      membership_excluded: this.#hosts.filter((host) => host.flags.has('eds_status_draining')).length,
    };
    for (const [name, value] of Object.entries(gauges)) this.stats.traffic[name as keyof typeof gauges].set(value);
  }

  chooseHost(context: ChoiceContext): Host | undefined {
    if (this.#discovery.chooseHost) return this.#discovery.chooseHost(context);
    const { priority, source } = choosePriority(this.#loads, this.#random);
    const set = this.#sets[priority]!;
    if (this.#loads.panics[priority]) this.stats.traffic.lb_healthy_panic.inc();
    const open = this.#subset(set[source], context.subset, `${priority} ${source}`);
    const hosts = this.#isLocalityWeighted ? this.#inLocality(open, set) : open;
    return hosts.length === 0 ? undefined : this.#picker.pick(hosts, context);
  }

  #subset(hosts: readonly Host[], wanted: JsonObject | undefined, of: string): readonly Host[] {
    if (!this.#subsets) return hosts;
    const { hosts: chosen, outcome } = this.#subsets.choose(hosts, wanted);
    if (outcome !== 'none') this.stats.traffic[`lb_subsets_${outcome}`].inc();
    return this.#sameList(`${of} ${JSON.stringify(wanted)}`, chosen);
  }

  /** A picker remembers its turn by the list, so equal lists have to be one. */
  #sameList(key: string, hosts: readonly Host[]): readonly Host[] {
    const known = this.#subsetLists.get(key);
    if (known) return known;
    this.#subsetLists.set(key, hosts);
    return hosts;
  }

  /** A locality by its weight, less what of it is unwell; one without a weight gets nothing. */
  #inLocality(open: readonly Host[], set: HostSet): readonly Host[] {
    const localities = [...new Set(open.map((host) => host.locality))];
    const share = (locality: Host['locality']): number => {
      const of = (hosts: readonly Host[]): number => hosts.filter((host) => host.locality === locality).length;
      return locality.weight * Math.min(1, (this.#options.overprovisioning / 100) * (of(open) / of(set.all)));
    };
    const total = localities.reduce((sum, one) => sum + share(one), 0);
    if (total === 0) return [];
    let ticket = (this.#random.below(1_000_000) / 1_000_000) * total;
    const chosen = localities.find((one) => (ticket -= share(one)) < 0) ?? localities.at(-1)!;
    return this.#sameList(
      `locality ${chosen.name} ${chosen.priority}`,
      open.filter((host) => host.locality === chosen),
    );
  }

  /** What the next choice will start from, in words: for the trace. */
  moment(): Record<string, string> {
    const out = this.#hosts.filter((host) => host.health === 'unhealthy');
    const priority = Math.max(
      0,
      this.#loads.healthy.findIndex((load) => load > 0),
    );
    const healthy = this.#sets[priority]?.healthy ?? [];
    const next = healthy.length > 1 && !this.#subsets ? this.#picker.next?.(healthy) : undefined;
    return {
      [`${this.name}: healthy endpoints`]: `${this.#hosts.length - out.length} of ${this.#hosts.length}`,
      [`${this.name}: out of rotation`]: out.map((host) => host.address).join(', ') || 'none',
      ...(next ? { [`${this.name}: next in turn`]: next.address } : {}),
      [`${this.name}: requests held`]: this.#breakers.DEFAULT.heldOf('requests'),
      [`${this.name}: retries held`]: this.#breakers.DEFAULT.heldOf('retries'),
    };
  }

  breaker(priority: RoutingPriority): CircuitBreaker {
    return this.#breakers[priority];
  }

  poolOf(host: Host, priority: RoutingPriority): ConnPool {
    const key = `${priority} ${host.address}`;
    let pool = this.#pools.get(key);
    if (!pool)
      this.#pools.set(
        key,
        (pool = new ConnPool(host, {
          ...this.#services,
          breaker: this.#breakers[priority],
          stats: this.stats,
          isMultiplexed: this.isHttp2,
          maxRequests: maxRequestsOf(this.node),
        })),
      );
    return pool;
  }
}

const protocolOptions = (node: ConfigNode): ConfigNode | undefined =>
  node.child('typed_extension_protocol_options')?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions');

const usesHttp2 = (node: ConfigNode): boolean =>
  protocolOptions(node)?.child('explicit_http_config')?.has('http2_protocol_options') === true;

const maxRequestsOf = (node: ConfigNode): number =>
  protocolOptions(node)?.child('common_http_protocol_options')?.number('max_requests_per_connection') ??
  node.number('max_requests_per_connection') ??
  Infinity;
