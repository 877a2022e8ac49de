import type { ConfigNode } from '../config_node.ts';
import type { UpstreamNetwork } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import { CircuitBreaker } from './circuit_breaker.ts';
import { ConnPool } from './conn_pool.ts';

/** `core.v3.RoutingPriority`: each has circuit breakers of its own. */
export type RoutingPriority = 'DEFAULT' | 'HIGH';

/** A cluster with its endpoints, pools and breakers. Simplified: round robin over all endpoints. */
export class Cluster {
  readonly name: string;
  /** The name in statistics and logs: `alt_stat_name` where it is set. */
  readonly statName: string;
  readonly node: ConfigNode;
  readonly hosts: readonly string[];
  readonly isHttp2: boolean;
  readonly #breakers: Readonly<Record<RoutingPriority, CircuitBreaker>>;
  readonly #pools = new Map<string, ConnPool>();
  readonly #services: { network: UpstreamNetwork; stats: StatsStore };
  #next = 0;

  constructor(node: ConfigNode, services: { network: UpstreamNetwork; stats: StatsStore }) {
    this.node = node;
    this.name = node.text('name') ?? '';
    this.statName = node.text('alt_stat_name') ?? this.name;
    this.hosts = node.child('load_assignment')?.list('endpoints').flatMap((locality) => locality.list('lb_endpoints').flatMap(addressOf)) ?? [];
    this.isHttp2 = node.has('http2_protocol_options') || usesHttp2(node);
    this.#services = services;
    const breaker = (priority: RoutingPriority): CircuitBreaker => new CircuitBreaker(node, { stats: services.stats, statName: this.statName, priority });
    this.#breakers = { DEFAULT: breaker('DEFAULT'), HIGH: breaker('HIGH') };
  }

  chooseHost(): string | undefined {
    return this.hosts.length === 0 ? undefined : this.hosts[this.#next++ % this.hosts.length];
  }

  breaker(priority: RoutingPriority): CircuitBreaker {
    return this.#breakers[priority];
  }

  poolOf(host: string, priority: RoutingPriority): ConnPool {
    const key = `${priority} ${host}`;
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = new ConnPool(host, { ...this.#services, breaker: this.#breakers[priority], statName: this.statName, isMultiplexed: this.isHttp2 });
      this.#pools.set(key, pool);
    }
    return pool;
  }
}

function usesHttp2(node: ConfigNode): boolean {
  const options = node.child('typed_extension_protocol_options')?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions');
  return options?.child('explicit_http_config')?.has('http2_protocol_options') === true;
}

function addressOf(endpoint: ConfigNode): string[] {
  const socket = endpoint.child('endpoint')?.child('address')?.child('socket_address');
  return socket ? [`${socket.text('address') ?? ''}:${socket.number('port_value') ?? 0}`] : [];
}
