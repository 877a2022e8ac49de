import type { Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { TransportSocketOptions, UpstreamTransportSocket } from '../network/transport_socket.ts';
import type { Connection, UpstreamNetwork } from '../seams.ts';
import type { CircuitBreaker } from './circuit_breaker.ts';
import type { RoutingPriority } from './cluster_discovery.ts';
import type { ClusterHttpOptions } from './cluster_http_options.ts';
import type { ClusterStats } from './cluster_stats.ts';
import { ConnPool } from './conn_pool.ts';
import type { Host } from './host.ts';

/** What a pool is chosen by, beside its host. */
export interface PoolKey {
  readonly options?: TransportSocketOptions | undefined;
  /** The connection of the client. */
  readonly downstream?: Pick<Connection, 'remoteAddress' | 'localAddress'> | undefined;
}

interface Owner {
  readonly dispatcher: Dispatcher;
  readonly network: UpstreamNetwork;
  readonly stats: ClusterStats;
  readonly http: ClusterHttpOptions;
  readonly breaker: (priority: RoutingPriority) => CircuitBreaker;
  readonly transportSocketOf: (host: Host) => UpstreamTransportSocket;
}

/** The connection pools of a cluster: one for each host, priority, protocol and way to connect. */
export class HostPools {
  readonly #owner: Owner;
  readonly #isPerDownstream: boolean;
  readonly #shared = new Map<string, ConnPool>();
  /** With `connection_pool_per_downstream_connection`. */
  readonly #own = new WeakMap<object, Map<string, ConnPool>>();

  constructor(cluster: ConfigNode, owner: Owner) {
    this.#owner = owner;
    this.#isPerDownstream = cluster.flag('connection_pool_per_downstream_connection');
  }

  /** Connections to a host that has failed are not used again. */
  drain(host: Host): void {
    for (const pool of this.#shared.values()) if (pool.host === host) pool.drain();
  }

  /** Undefined where there are as many pools as there may be. */
  of(host: Host, priority: RoutingPriority, isHttp2: boolean, { options, downstream }: PoolKey): ConnPool | undefined {
    const pools = this.#poolsFor(downstream);
    const transportSocket = this.#owner.transportSocketOf(host);
    // Who is told of the client serves no other.
    const told = transportSocket.preamble && downstream;
    const how = options ? ` ${options.sni ?? ''} ${options.verifySans?.join() ?? ''}` : '';
    const key = `${priority} ${host.address}${isHttp2 ? ' h2' : ''}${how}${told ? ` ${told.remoteAddress} ${told.localAddress}` : ''}`;
    const known = pools.get(key);
    if (known) return known;
    const breaker = this.#owner.breaker(priority);
    if (!breaker.takePool()) {
      this.#owner.stats.traffic.upstream_cx_pool_overflow.inc();
      return undefined;
    }
    const { offers } = this.#owner.http;
    const pool = new ConnPool(host, {
      ...this.#owner,
      breaker,
      isMultiplexed: isHttp2,
      transportSocket,
      options: { ...options, ...(offers && { alpn: offers }), ...(told && { downstream: told }) },
    });
    pools.set(key, pool);
    return pool;
  }

  #poolsFor(downstream: object | undefined): Map<string, ConnPool> {
    if (!downstream || !this.#isPerDownstream) return this.#shared;
    const known = this.#own.get(downstream);
    if (known) return known;
    const pools = new Map<string, ConnPool>();
    this.#own.set(downstream, pools);
    return pools;
  }
}
