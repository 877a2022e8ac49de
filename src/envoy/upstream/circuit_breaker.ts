import type { ConfigNode } from '../config_node.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Gauge } from '../stats/metric.ts';
import type { StatsStore } from '../stats/store.ts';

export type Resource = 'connections' | 'pending_requests' | 'requests' | 'retries';

const DEFAULT_LIMITS: Readonly<Record<Resource, number>> = {
  connections: 1024,
  pending_requests: 1024,
  requests: 1024,
  retries: 3,
};
const STAT_OF: Readonly<Record<Resource, string>> = {
  connections: 'cx_open',
  pending_requests: 'rq_pending_open',
  requests: 'rq_open',
  retries: 'rq_retry_open',
};

const REMAINING_OF: Readonly<Record<Resource, string>> = {
  connections: 'remaining_cx',
  pending_requests: 'remaining_pending',
  requests: 'remaining_rq',
  retries: 'remaining_retries',
};
const RESOURCES: readonly Resource[] = ['connections', 'pending_requests', 'requests', 'retries'];
const NO_LIMIT = 2 ** 64;

interface BreakerOwner {
  readonly stats: StatsStore;
  readonly statName: string;
  readonly priority: 'DEFAULT' | 'HIGH';
  readonly runtime: Runtime;
}

/** How much of each resource a cluster may hold at one routing priority: resource_manager_impl.h. */
export class CircuitBreaker {
  readonly limits: Readonly<Record<Resource, number>>;
  readonly #held: Record<Resource, number> = { connections: 0, pending_requests: 0, requests: 0, retries: 0 };
  readonly #open: Record<Resource, boolean> = {
    connections: false,
    pending_requests: false,
    requests: false,
    retries: false,
  };
  readonly #openGauges: Readonly<Record<Resource, Gauge>>;
  /** With `track_remaining`. */
  readonly #remainingGauges: Readonly<Record<Resource, Gauge>> | undefined;
  readonly #remainingPools: Gauge | undefined;
  readonly #poolLimit: number;
  readonly #poolsOpen: Gauge;
  readonly maxConnectionsPerHost: number;
  #pools = 0;
  readonly #runtime: Runtime;
  /** By which the runtime sets other limits. */
  readonly #keys: Readonly<Record<Resource, string>>;
  readonly #budget: ConfigNode | undefined;

  constructor(cluster: ConfigNode, owner: BreakerOwner) {
    const thresholds = cluster.child('circuit_breakers')?.list('thresholds') ?? [];
    const node = thresholds.find((one) => (one.text('priority') ?? 'DEFAULT') === owner.priority);
    const limit = (resource: Resource): number => node?.number(`max_${resource}`) ?? DEFAULT_LIMITS[resource];
    this.limits = {
      connections: limit('connections'),
      pending_requests: limit('pending_requests'),
      requests: limit('requests'),
      retries: limit('retries'),
    };
    this.#budget = node?.child('retry_budget');
    this.#runtime = owner.runtime;
    const key = (resource: Resource): string =>
      `circuit_breakers.${cluster.text('name') ?? ''}.${owner.priority.toLowerCase()}.max_${resource}`;
    this.#keys = {
      connections: key('connections'),
      pending_requests: key('pending_requests'),
      requests: key('requests'),
      retries: key('retries'),
    };
    const prefix = `cluster.${owner.statName}.circuit_breakers.${owner.priority.toLowerCase()}.`;
    const gauges = (names: Readonly<Record<Resource, string>>): Record<Resource, Gauge> => ({
      connections: owner.stats.gauge(prefix + names.connections),
      pending_requests: owner.stats.gauge(prefix + names.pending_requests),
      requests: owner.stats.gauge(prefix + names.requests),
      retries: owner.stats.gauge(prefix + names.retries),
    });
    this.#openGauges = gauges(STAT_OF);
    this.#poolsOpen = owner.stats.gauge(`${prefix}cx_pool_open`);
    this.#poolLimit = node?.number('max_connection_pools') ?? NO_LIMIT;
    this.maxConnectionsPerHost =
      cluster
        .child('circuit_breakers')
        ?.list('per_host_thresholds')
        .find((one) => (one.text('priority') ?? 'DEFAULT') === owner.priority)
        ?.number('max_connections') ?? Infinity;
    if (node?.flag('track_remaining') === true) {
      this.#remainingGauges = gauges(REMAINING_OF);
      this.#remainingPools = owner.stats.gauge(`${prefix}remaining_cx_pools`);
      this.#remainingPools.set(this.#poolLimit);
    }
    for (const resource of RESOURCES) this.#remainingGauges?.[resource].set(this.#limit(resource));
  }

  canCreate(resource: Resource): boolean {
    return this.#held[resource] < this.#limit(resource);
  }

  /** A retry budget is a share of what is under way, but never less than its minimum. */
  #limit(resource: Resource): number {
    if (resource !== 'retries' || !this.#budget)
      return this.#runtime.integer(this.#keys[resource], this.limits[resource]);
    const share = (this.#budget.child('budget_percent')?.number('value') ?? 20) / 100;
    const active = this.#held.requests + this.#held.pending_requests;
    return Math.max(Math.floor(share * active), this.#budget.number('min_retry_concurrency') ?? 3);
  }

  held(resource: Resource): number {
    return this.#held[resource];
  }

  /** How much is held, of how much: `2 of 1024`. */
  heldOf(resource: Resource): string {
    return `${this.#held[resource]} of ${this.#limit(resource)}`;
  }

  /** A pool for an endpoint that is used for the first time; false where there may be no more. */
  takePool(): boolean {
    if (this.#pools >= this.#poolLimit) return false;
    this.#pools++;
    this.#remainingPools?.set(this.#poolLimit - this.#pools);
    this.#poolsOpen.set(this.#pools >= this.#poolLimit ? 1 : 0);
    return true;
  }

  take(resource: Resource): void {
    this.#held[resource]++;
    this.#show(resource);
  }

  give(resource: Resource): void {
    this.#held[resource]--;
    this.#show(resource);
  }

  #show(resource: Resource): void {
    const isOpen = !this.canCreate(resource);
    this.#remainingGauges?.[resource].set(Math.max(0, this.#limit(resource) - this.#held[resource]));
    if (isOpen === this.#open[resource]) return;
    this.#open[resource] = isOpen;
    this.#openGauges[resource].set(isOpen ? 1 : 0);
  }
}
