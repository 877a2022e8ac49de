import { durationMs } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { DnsCaches } from '../dns/dns_cache.ts';
import { ClusterLoadBalancer } from '../load_balancing/cluster_load_balancer.ts';
import type { HostSet } from '../load_balancing/priority_load.ts';
import type { LocalCluster } from '../load_balancing/zone_aware.ts';
import type { HttpResponse, UpstreamNetwork } from '../seams.ts';
import { InitManager } from '../init_manager.ts';
import type { SecretManager } from '../subscription/secrets.ts';
import type { TransportSocketOptions, TransportSocketServices } from '../network/transport_socket.ts';
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
  type RoutingPriority,
} from './cluster_discovery.ts';
import type { Host } from './host.ts';
import { updateHosts } from './host_update.ts';
import { TcpConnection, type TcpPoolCallbacks } from './tcp_conn_pool.ts';
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
  readonly isHttp2: boolean;
  readonly #usesDownstreamProtocol: boolean;
  #hosts: readonly Host[] = [];
  /** Kept for the trace, which tells of them with every choice. */
  #unhealthy: readonly Host[] = [];
  readonly stats: ClusterStats;
  readonly outlier: OutlierDetection | undefined;
  readonly #balancer: ClusterLoadBalancer;
  #overprovisioning = OVERPROVISIONING;
  /** Which share of the requests is dropped: `drop_overloads` of the assignment. */
  dropOverload: ConfigNode | undefined;
  readonly #discovery: ClusterDiscovery;
  readonly #checkers: readonly HealthChecker[];
  #isInitialized = false;
  readonly #keepsTrailers: boolean;
  #releaseSecrets: () => void = () => undefined;
  readonly #breakers: Readonly<Record<RoutingPriority, CircuitBreaker>>;
  readonly #pools = new Map<string, ConnPool>();
  readonly #transportSockets: TransportSockets;
  readonly #connectTimeoutMs: number;
  /** What TLS to the endpoints takes from a request: `auto_sni` and `auto_san_validation`. */
  readonly transportOptionsOf: ((request: HeaderMap) => TransportSocketOptions) | undefined;
  readonly #services: ClusterServices;
  readonly #random: Random;

  constructor(node: ConfigNode, services: ClusterServices) {
    this.node = node;
    this.createdMs = services.dispatcher.nowMs;
    this.name = node.text('name') ?? '';
    this.statName = node.text('alt_stat_name') ?? this.name;
    this.isHttp2 = node.has('http2_protocol_options') || usesHttp2(node);
    this.#usesDownstreamProtocol = protocolOptions(node)?.has('use_downstream_protocol_config') === true;
    this.#services = services;
    this.#random = services.random.fork(`cluster/${this.name}`);
    this.#keepsTrailers = keepsTrailers(node);
    const breaker = (priority: RoutingPriority): CircuitBreaker =>
      new CircuitBreaker(node, { stats: services.stats, statName: this.statName, priority });
    this.#breakers = { DEFAULT: breaker('DEFAULT'), HIGH: breaker('HIGH') };
    this.#transportSockets = new TransportSockets(node, services);
    this.transportOptionsOf = compileAutoSni(node);
    this.#connectTimeoutMs = durationMs(node.text('connect_timeout')) ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.stats = new ClusterStats(node, services.stats, this.statName);
    this.#balancer = new ClusterLoadBalancer(node, {
      random: this.#random,
      stats: this.stats.traffic,
      local: this.#localCluster(),
      nowMs: () => services.dispatcher.nowMs,
    });
    const owner = { ...services, statName: this.statName, onChange: () => this.#onHealthChange() };
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
    this.#balancer.update(this.#hosts, this.#overprovisioning);
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

  /** An answer said that its host is unwell. */
  failPassively(host: Host): void {
    for (const checker of this.#checkers) checker.failPassively(host);
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
    const { hosts, added, removed, priorities, isChanged, isReweighed } = updateHosts(this.#hosts, told, keepsHealthy);
    const overprovisioning = assignment ? overprovisioningOf(assignment) : this.#overprovisioning;
    // A later assignment without drops does not end them.
    const [drop] = assignment?.child('policy')?.list('drop_overloads') ?? [];
    if (drop) this.dropOverload = drop.child('drop_percentage');
    const isRebuilt = isChanged || overprovisioning !== this.#overprovisioning;
    if (!isRebuilt) return false;
    this.#overprovisioning = overprovisioning;
    this.#hosts = hosts;
    for (const host of added) host.healthySinceMs = this.#services.dispatcher.nowMs;
    this.stats.updateHosts(hosts, added.length, this.node.text('type'));
    for (const checker of this.#checkers) {
      for (const host of added) checker.watch(host);
      for (const host of removed) checker.forget(host);
    }
    this.updateHealth();
    priorities.forEach(() => {
      this.stats.traffic.membership_change.inc();
      this.#tell(false);
    });
    if (priorities.size === 0) this.#tell(!isReweighed);
    return true;
  }

  /** A cluster that is not used yet has nobody to tell. */
  #tell(isMergeable: boolean): void {
    const windowMs = durationMs(this.node.child('common_lb_config')?.text('update_merge_window')) ?? UPDATE_MERGE_MS;
    if (this.#isInitialized) this.#services.onUpdate(this, { isMergeable, windowMs });
  }

  /** To be called when the health of a host has changed: choices are made from lists by health. */
  updateHealth(): void {
    this.#balancer.update(this.#hosts, this.#overprovisioning);
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

  /** How its load balancing policy makes a hash of a request; empty where that is left to the route. */
  get hashPolicy(): readonly ConfigNode[] {
    return this.#balancer.hashPolicy;
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
    if (response.trailers === undefined || this.#keepsTrailers || this.speaksHttp2(downstreamProtocol)) return response;
    const { status, headers, body, reset } = response;
    return { status, headers, body, ...(reset === undefined ? {} : { reset }) };
  }

  breaker(priority: RoutingPriority): CircuitBreaker {
    return this.#breakers[priority];
  }

  /** Whether it speaks HTTP/2 to its endpoints: with `use_downstream_protocol_config` as the client does. */
  speaksHttp2(downstream: string): boolean {
    return this.#usesDownstreamProtocol ? downstream === 'HTTP/2' : this.isHttp2;
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

  /** The pool of a host; connections with other options of their transport socket are not shared. */
  poolOf(host: Host, priority: RoutingPriority, isHttp2 = this.isHttp2, options?: TransportSocketOptions): ConnPool {
    const owner = this.#discovery.ownerOf?.(host);
    if (owner) return owner.poolOf(host, priority);
    const key = `${priority} ${host.address}${isHttp2 ? ' h2' : ''}${options ? ` ${options.sni ?? ''} ${options.verifySans?.join() ?? ''}` : ''}`;
    let pool = this.#pools.get(key);
    if (!pool) {
      this.#breakers[priority].takePool();
      this.#pools.set(
        key,
        (pool = new ConnPool(host, {
          ...this.#services,
          breaker: this.#breakers[priority],
          stats: this.stats,
          isMultiplexed: isHttp2,
          maxRequests: maxRequestsOf(this.node),
          transportSocket: this.#transportSockets.of(host),
          options: options ?? NO_OPTIONS,
        })),
      );
    }
    return pool;
  }
}

const keepsTrailers = (node: ConfigNode): boolean =>
  protocolOptions(node)?.child('explicit_http_config')?.child('http_protocol_options')?.flag('enable_trailers') ===
    true || node.child('http_protocol_options')?.flag('enable_trailers') === true;

const isExcluded = ({ flags }: Host): boolean =>
  flags.has('eds_status_draining') || flags.has('excluded_via_immediate_hc_fail');
const overprovisioningOf = (assignment: ConfigNode): number =>
  assignment.child('policy')?.number('overprovisioning_factor') ?? OVERPROVISIONING;
const NO_OPTIONS: TransportSocketOptions = {};

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[.*\])$/;

/** The server name is Host without its port, or another header's; an address is none: upstream_impl.cc, and router.cc. */
function compileAutoSni(node: ConfigNode): Cluster['transportOptionsOf'] {
  const options = protocolOptions(node)?.child('upstream_http_protocol_options');
  const [asks, verifies] = [options?.flag('auto_sni'), options?.flag('auto_san_validation')];
  if (asks !== true && verifies !== true) return undefined;
  const override = options?.text('override_auto_sni_header')?.toLowerCase() ?? '';
  return (request) => {
    const authority = (override === '' ? undefined : request.get(override)) ?? request.get(':authority') ?? '';
    const host = authority.replace(/:\d+$/, '');
    const sni = asks === true && !ADDRESS.test(host) ? { sni: host } : {};
    return { ...sni, ...(verifies === true ? { verifySans: [host] } : {}) };
  };
}

const protocolOptions = (node: ConfigNode): ConfigNode | undefined =>
  node.child('typed_extension_protocol_options')?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions');

const usesHttp2 = (node: ConfigNode): boolean =>
  protocolOptions(node)?.child('explicit_http_config')?.has('http2_protocol_options') === true;

const maxRequestsOf = (node: ConfigNode): number =>
  protocolOptions(node)?.child('common_http_protocol_options')?.number('max_requests_per_connection') ??
  node.number('max_requests_per_connection') ??
  Infinity;
