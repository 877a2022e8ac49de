import { durationMs } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { DnsCaches } from '../dns/dns_cache.ts';
import { ClusterLoadBalancer } from '../load_balancing/cluster_load_balancer.ts';
import type { HostSet } from '../load_balancing/priority_load.ts';
import type { LocalCluster } from '../load_balancing/zone_aware.ts';
import type { HttpResponse, UpstreamNetwork } from '../seams.ts';
import type { LogFiles } from '../access_log/access_loggers.ts';
import { InitManager } from '../init_manager.ts';
import type { SecretManager } from '../subscription/secrets.ts';
import type { TransportSocketOptions, TransportSocketServices } from '../network/transport_socket.ts';
import type { SubscriptionFactory } from '../subscription/subscription_factory.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Trace } from '../trace.ts';
import type { StatsStore } from '../stats/store.ts';
import { CircuitBreaker } from './circuit_breaker.ts';
import { ClusterHttpOptions } from './cluster_http_options.ts';
import { ClusterStats } from './cluster_stats.ts';
import type { ConnPool } from './conn_pool.ts';
import { HostPools, type PoolKey } from './host_pools.ts';
import { HealthChecker } from './health_check.ts';
import { OutlierDetection } from './outlier_detection.ts';
import {
  factoryOf,
  type ChoiceContext,
  type ClusterDiscovery,
  type ClusterTypes,
  type PeerCluster,
  type RoutingPriority,
} from './cluster_discovery.ts';
import type { EventLog } from './event_log.ts';
import type { Host } from './host.ts';
import { updateHosts } from './host_update.ts';
import { TcpConnection, type TcpPoolCallbacks } from './tcp_conn_pool.ts';
import { sourceFor } from './source_address.ts';
import { TransportSockets } from './transport_sockets.ts';

export interface ClusterServices extends TransportSocketServices {
  readonly network: UpstreamNetwork;
  readonly stats: StatsStore;
  readonly random: Random;
  readonly dispatcher: Dispatcher;
  readonly trace: Trace | undefined;
  readonly subscriptions: SubscriptionFactory;
  readonly types: ClusterTypes;
  /** `cluster_manager.local_cluster_name`, and where this Envoy itself is. */
  readonly local: { readonly clusterName: string; readonly locality: string } | undefined;
  readonly runtime: Runtime;
  readonly files: LogFiles;
  /** `cluster_manager.outlier_detection`. */
  readonly outlierLog: EventLog | undefined;
  /** `cluster_manager.upstream_bind_config`. */
  readonly upstreamBind: ConfigNode | undefined;
  readonly dnsCaches: DnsCaches;
  readonly secrets: SecretManager;
  /** An active cluster. */
  readonly clusterNamed: (name: string) => PeerCluster | undefined;
  /** Called when the hosts of a cluster, or their health, have changed. */
  readonly onUpdate: (cluster: Cluster, update: { isMergeable: boolean; windowMs: number }) => void;
}

const UPDATE_MERGE_MS = 1_000;
const OVERPROVISIONING = 140;
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;

/** A cluster with its hosts, load balancer, pools and breakers. */
export class Cluster {
  readonly name: string;
  /** The name in statistics and logs: `alt_stat_name` where it is set. */
  readonly statName: string;
  readonly node: ConfigNode;
  readonly createdMs: number;
  readonly http: ClusterHttpOptions;
  #hosts: readonly Host[] = [];
  /** Kept for the trace, which tells of them with every choice. */
  #unhealthy: readonly Host[] = [];
  readonly stats: ClusterStats;
  readonly outlier: OutlierDetection | undefined;
  readonly #balancer: ClusterLoadBalancer;
  #overprovisioning = OVERPROVISIONING;
  /** `weighted_priority_health`. */
  #isWeighted = false;
  /** Which share of the requests is dropped: `drop_overloads` of the assignment, as the workers know it. */
  dropOverload: ConfigNode | undefined;
  #toldDropOverload: ConfigNode | undefined;
  readonly #discovery: ClusterDiscovery;
  readonly #checkers: readonly HealthChecker[];
  #isInitialized = false;
  #releaseSecrets: () => void = () => undefined;
  readonly #breakers: Readonly<Record<RoutingPriority, CircuitBreaker>>;
  readonly #pools: HostPools;
  readonly #transportSockets: TransportSockets;
  readonly #connectTimeoutMs: number;
  readonly #services: ClusterServices;
  readonly #random: Random;

  constructor(node: ConfigNode, services: ClusterServices) {
    this.node = node;
    this.createdMs = services.dispatcher.nowMs;
    this.name = node.text('name') ?? '';
    this.statName = node.text('alt_stat_name') ?? this.name;
    this.http = new ClusterHttpOptions(node);
    this.#services = services;
    this.#random = services.random.fork(`cluster/${this.name}`);
    const breaker = (priority: RoutingPriority): CircuitBreaker =>
      new CircuitBreaker(node, { ...services, statName: this.statName, priority });
    this.#breakers = { DEFAULT: breaker('DEFAULT'), HIGH: breaker('HIGH') };
    this.#transportSockets = new TransportSockets(node, services);
    this.#connectTimeoutMs = durationMs(node.text('connect_timeout')) ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.stats = new ClusterStats(node, services.stats, this.statName);
    this.#pools = new HostPools(node, {
      ...services,
      stats: this.stats,
      http: this.http,
      breaker: (priority) => this.#breakers[priority],
      transportSocketOf: (host) => this.#transportSockets.of(host),
    });
    this.#balancer = new ClusterLoadBalancer(node, {
      random: this.#random,
      stats: this.stats.traffic,
      runtime: services.runtime,
      local: this.#localCluster(),
      nowMs: () => services.dispatcher.nowMs,
    });
    const owner = {
      ...services,
      statName: this.statName,
      clusterName: this.name,
      log: services.outlierLog,
      isHttp2: this.http.isHttp2,
      onFailure: (host: Host) => this.#pools.drain(host),
      onChange: () => this.#onHealthChange(),
    };
    const outlier = node.child('outlier_detection');
    this.outlier =
      outlier &&
      new OutlierDetection(outlier, { ...owner, random: this.#random.fork('outlier'), hosts: () => this.#hosts });
    this.#checkers = node.list('health_checks').map(
      (check) =>
        new HealthChecker(check, {
          ...owner,
          random: this.#random.fork('health_check'),
          hasTraffic: () => this.stats.traffic.upstream_cx_total.isUsed,
          onPass: (host) => this.outlier?.onHealthCheckPassed(host),
        }),
    );
    this.#discovery = this.#createDiscovery();
    this.#balancer.update(this.#hosts, this.#overprovisioning, this.#isWeighted);
  }

  #createDiscovery(): ClusterDiscovery {
    const { dispatcher, network, stats, trace, subscriptions, types, dnsCaches, clusterNamed } = this.#services;
    return factoryOf(this.node, types).create({
      node: this.node,
      statPrefix: `cluster.${this.statName}.`,
      dispatcher,
      network,
      stats,
      trace,
      subscriptions,
      dnsCaches,
      random: this.#random.fork('discovery'),
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
    const initManager = new InitManager();
    this.#releaseSecrets = this.#services.secrets.watch(this.node, initManager);
    this.#discovery.start(() => {
      if (this.#isInitialized || initManager.hasBegun) return;
      initManager.initialize(() => this.#afterHealthChecks(0, onInitialized));
    });
  }

  #afterHealthChecks(from: number, onInitialized: () => void): void {
    const checker = this.#checkers[from];
    if (checker) return checker.afterFirstRound(() => this.#afterHealthChecks(from + 1, onInitialized));
    this.dropOverload = this.#toldDropOverload;
    this.#isInitialized = true;
    onInitialized();
  }

  /** The cluster is gone, or another of its name is in its place: requests under way go on. */
  stop(): void {
    this.#discovery.stop?.();
    this.#releaseSecrets();
    for (const checker of this.#checkers) checker.stop();
  }

  get hostSets(): readonly HostSet[] {
    return this.#balancer.sets;
  }

  get overprovisioning(): number {
    return this.#overprovisioning;
  }

  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  /** What the headers of an answer say of its host. */
  hear(host: Host, { headers }: HttpResponse): void {
    if (headers.has('x-envoy-immediate-health-check-fail'))
      for (const checker of this.#checkers) checker.failPassively(host);
    if (headers.has('x-envoy-degraded')) this.outlier?.onDegraded(host);
  }

  /** An answer as outlier detection takes it, where the cluster says which are errors. */
  statusForOutliers(response: HttpResponse): number {
    const { isError } = this.http;
    return isError ? (isError(response) ? 500 : 200) : response.status;
  }

  /** One that EDS has dropped already goes when it fails. */
  #onHealthChange(): void {
    const isGone = ({ flags }: Host): boolean => flags.has('pending_dynamic_removal') && flags.has('failed_active_hc');
    const stays = this.#hosts.filter((host) => !isGone(host));
    if (stays.length < this.#hosts.length) {
      this.#setHosts(stays, undefined);
      return;
    }
    this.updateHealth();
    this.#tell(true);
  }

  #setHosts(told: readonly Host[], assignment: ConfigNode | undefined): boolean {
    const keepsHealthy = this.#checkers.length > 0 && !this.node.flag('ignore_health_on_host_removal');
    const { hosts, added, removed, priorities, isChanged } = updateHosts(this.#hosts, told, keepsHealthy);
    const hasNewPolicy = assignment !== undefined && this.#follow(assignment.child('policy'));
    if (!isChanged && !hasNewPolicy) return false;
    this.#hosts = hosts;
    // The workers hear of another share together with other hosts only: ThreadLocalClusterUpdateParams.
    if (this.#isInitialized) this.dropOverload = this.#toldDropOverload;
    for (const host of added) {
      host.healthySinceMs = this.#services.dispatcher.nowMs;
      host.source = sourceFor(this.node.child('upstream_bind_config') ?? this.#services.upstreamBind, host.address);
    }
    this.stats.updateHosts(hosts, added.length, this.node.text('type'));
    for (const checker of this.#checkers) {
      for (const host of added) checker.watch(host);
      for (const host of removed) checker.forget(host);
    }
    this.updateHealth();
    priorities.forEach(() => this.stats.traffic.membership_change.inc());
    // All priorities of one update are told of together, and at once: PrioritySetImpl::batchHostUpdate.
    this.#tell(false);
    return true;
  }

  /** `policy` of an assignment; whether anything is other than it was. */
  #follow(policy: ConfigNode | undefined): boolean {
    this.#toldDropOverload = policy?.list('drop_overloads')[0]?.child('drop_percentage');
    const [overprovisioning, isWeighted] = [this.#overprovisioning, this.#isWeighted];
    this.#overprovisioning = policy?.number('overprovisioning_factor') ?? OVERPROVISIONING;
    this.#isWeighted = policy?.flag('weighted_priority_health') === true;
    return overprovisioning !== this.#overprovisioning || isWeighted !== this.#isWeighted;
  }

  /** A cluster that is not used yet has nobody to tell. */
  #tell(isMergeable: boolean): void {
    const windowMs = durationMs(this.node.child('common_lb_config')?.text('update_merge_window')) ?? UPDATE_MERGE_MS;
    if (this.#isInitialized) this.#services.onUpdate(this, { isMergeable, windowMs });
  }

  /** To be called when the health of a host has changed: choices are made from lists by health. */
  updateHealth(): void {
    this.#balancer.update(this.#hosts, this.#overprovisioning, this.#isWeighted);
    this.#unhealthy = this.#hosts.filter((host) => host.health === 'unhealthy');
    const count = (health: string): number => this.#hosts.filter((host) => host.health === health).length;
    const gauges = {
      membership_total: this.#hosts.length,
      membership_healthy: count('healthy'),
      membership_degraded: count('degraded'),
      membership_excluded: this.#hosts.filter(isExcluded).length,
    };
    for (const [name, value] of Object.entries(gauges)) this.stats.traffic[name as keyof typeof gauges].set(value);
  }

  /** How the cluster, or its load balancing policy, makes a hash of a request; empty where that is left to the route. */
  get hashPolicy(): readonly ConfigNode[] {
    const ofPolicy = this.#balancer.hashPolicy;
    return ofPolicy.length > 0 ? ofPolicy : this.http.hashPolicy;
  }

  chooseHost(context: ChoiceContext): Host | undefined {
    return this.#discovery.chooseHost ? this.#discovery.chooseHost(context) : this.#balancer.choose(context);
  }

  /** The cluster of the Envoys themselves, by which zones are weighed; it does not weigh itself. */
  #localCluster(): LocalCluster | undefined {
    const { local, clusterNamed } = this.#services;
    if (!local || local.clusterName === this.name) return undefined;
    return { locality: local.locality, hosts: () => clusterNamed(local.clusterName)?.hosts ?? [] };
  }

  /** What the next choice will start from, in words: for the trace. */
  moment(): Record<string, string> {
    const out = this.#unhealthy;
    const next = this.#balancer.next();
    return {
      [`${this.name}: healthy endpoints`]: `${this.#hosts.length - out.length} of ${this.#hosts.length}`,
      [`${this.name}: out of rotation`]: out.map((host) => host.address).join(', ') || 'none',
      ...(next ? { [`${this.name}: next in turn`]: next.address } : {}),
      [`${this.name}: requests held`]: this.#breakers.DEFAULT.heldOf('requests'),
      [`${this.name}: retries held`]: this.#breakers.DEFAULT.heldOf('retries'),
    };
  }

  /** A response as the codec takes it: HTTP/1 drops trailers unless it is told to keep them. */
  readable(response: HttpResponse, downstreamProtocol: string): HttpResponse {
    if (this.http.keepSpelling) response.headers.spelling = this.http.keepSpelling(response.spelled ?? []);
    if (response.trailers === undefined || this.http.keepsTrailers || this.speaksHttp2(downstreamProtocol))
      return response;
    const { status, headers, body, reset } = response;
    return { status, headers, body, ...(reset === undefined ? {} : { reset }) };
  }

  breaker(priority: RoutingPriority): CircuitBreaker {
    return this.#breakers[priority];
  }

  /** Whether it speaks HTTP/2 to an endpoint: as the client does, or as ALPN agrees (http/mixed_conn_pool.cc), where it is told so. */
  speaksHttp2(downstream: string, host?: Host): boolean {
    const { offers, usesDownstreamProtocol, isHttp2 } = this.http;
    if (!offers || !host) return usesDownstreamProtocol ? downstream === 'HTTP/2' : isHttp2;
    const tls = this.#services.network.tlsOf(host.address);
    const handshake = this.#transportSockets.of(host).handshake?.(tls, { alpn: offers });
    return handshake !== undefined && 'seen' in handshake && handshake.seen.alpn === 'h2';
  }

  /** A connection of bytes, for one downstream connection alone. */
  tcpConnect(host: Host, options: TransportSocketOptions, callbacks: TcpPoolCallbacks): TcpConnection {
    const owner = {
      ...this.#services,
      breaker: this.#breakers.DEFAULT,
      statName: this.statName,
      connectTimeoutMs: this.#connectTimeoutMs,
      transportSocket: this.#transportSockets.of(host),
    };
    return new TcpConnection(host, owner, options, callbacks);
  }

  /**
   * The pool of a host; connections with other options of their transport socket are not shared. Undefined where there are
   * as many pools as there may be.
   */
  poolOf(host: Host, priority: RoutingPriority, isHttp2 = this.http.isHttp2, key: PoolKey = {}): ConnPool | undefined {
    const owner = this.#discovery.ownerOf?.(host);
    if (owner) return owner.poolOf(host, priority);
    return this.#pools.of(host, priority, isHttp2, key);
  }
}

const isExcluded = ({ flags }: Host): boolean =>
  flags.has('eds_status_draining') || flags.has('excluded_via_immediate_hc_fail');
