import type { Json, JsonObject } from '#api';
import { ConfigNode } from '../config_node.ts';

/** Why a host gets less than its share: the names that `/clusters` shows. */
export type HealthFlag =
  | 'failed_active_hc'
  | 'failed_outlier_check'
  | 'degraded_outlier_detection'
  | 'failed_eds_health'
  | 'degraded_active_hc'
  | 'degraded_eds_health'
  | 'eds_status_draining'
  | 'pending_active_hc'
  | 'excluded_via_immediate_hc_fail'
  | 'pending_dynamic_removal';

export type Health = 'healthy' | 'degraded' | 'unhealthy';

const OF_STATUS: Readonly<Record<string, HealthFlag>> = {
  UNHEALTHY: 'failed_eds_health',
  TIMEOUT: 'failed_eds_health',
  DRAINING: 'eds_status_draining',
  DEGRADED: 'degraded_eds_health',
};

const EDS_FLAGS: readonly HealthFlag[] = ['failed_eds_health', 'eds_status_draining', 'degraded_eds_health'];

/** One endpoint of a cluster: where it is, how heavy, how well, and its own score. */
export class Host {
  readonly address: string;
  /** Where connections to it start from, if its cluster says so. */
  source: string | undefined;
  hostname: string;
  weight: number;
  priority: number;
  locality: Locality;
  /** `envoy.lb` metadata, by which subsets choose. */
  metadata: JsonObject;
  node: ConfigNode;
  /** `envoy.lb: {canary: true}`. */
  isCanary: boolean;
  readonly flags = new Set<HealthFlag>();
  readonly #failingChecks = new Set<object>();
  /** Since when it has been a host of its cluster, or well again. */
  healthySinceMs = 0;
  readonly stats: Record<HostStat, number> = {
    rq_total: 0,
    rq_success: 0,
    rq_error: 0,
    rq_timeout: 0,
    rq_active: 0,
    cx_total: 0,
    cx_active: 0,
    cx_connect_fail: 0,
  };

  constructor(node: ConfigNode, locality: Locality, resolved: string) {
    this.node = node;
    this.address = resolved;
    this.hostname = node.child('endpoint')?.text('hostname') ?? '';
    this.weight = node.number('load_balancing_weight') ?? 1;
    this.locality = locality;
    this.priority = locality.priority;
    this.metadata = objectAt(node.raw('metadata'), ['filterMetadata', 'envoy.lb']);
    this.isCanary = this.metadata['canary'] === true;
    const flag = OF_STATUS[node.text('health_status') ?? ''];
    if (flag) this.flags.add(flag);
  }

  /** The same endpoint at an address that its name led to. */
  at(address: string, hostname: string): Host {
    const host = new Host(this.node, this.locality, address);
    host.hostname = hostname;
    return host;
  }

  /** Takes over what is told of it anew, and keeps its score. Whether that changed anything. */
  follow(told: Host): boolean {
    if (told === this) return false;
    const before = this.#told();
    for (const flag of EDS_FLAGS) {
      if (told.flags.has(flag)) this.flags.add(flag);
      else this.flags.delete(flag);
    }
    this.flags.delete('pending_dynamic_removal');
    this.hostname = told.hostname;
    this.weight = told.weight;
    this.priority = told.priority;
    this.locality = told.locality;
    this.metadata = told.metadata;
    this.isCanary = told.isCanary;
    this.node = told.node;
    return this.#told() !== before;
  }

  #told(): string {
    const { hostname, weight, priority, locality, metadata } = this;
    return JSON.stringify([
      hostname,
      weight,
      priority,
      locality,
      metadata,
      // Another word for the same health is not a change: updateEdsHealthFlag.
      this.health,
    ]);
  }

  /** The flag of active health checks stands as long as any check has the host failing. */
  failChecks(check: object, isFailing: boolean): void {
    if (isFailing) this.#failingChecks.add(check);
    else this.#failingChecks.delete(check);
    if (this.#failingChecks.size > 0) this.flags.add('failed_active_hc');
    else this.flags.delete('failed_active_hc');
  }

  /** `core.v3.HealthStatus`: what EDS says of it, unless it is out for other reasons. */
  get status(): string {
    const told = this.node.text('health_status') ?? 'UNKNOWN';
    if (this.flags.has('failed_active_hc') || this.flags.has('failed_outlier_check')) return 'UNHEALTHY';
    if (told === 'DRAINING' || told === 'TIMEOUT' || told === 'UNHEALTHY') return told;
    return this.health === 'degraded' ? 'DEGRADED' : 'HEALTHY';
  }

  get health(): Health {
    for (const flag of [
      'failed_active_hc',
      'failed_outlier_check',
      'failed_eds_health',
      'eds_status_draining',
    ] as const)
      if (this.flags.has(flag)) return 'unhealthy';
    for (const flag of ['degraded_active_hc', 'degraded_eds_health', 'degraded_outlier_detection'] as const)
      if (this.flags.has(flag)) return 'degraded';
    return 'healthy';
  }
}

export type HostStat =
  'rq_total' | 'rq_success' | 'rq_error' | 'rq_timeout' | 'rq_active' | 'cx_total' | 'cx_active' | 'cx_connect_fail';

export interface Locality {
  readonly name: string;
  readonly zone: string;
  readonly weight: number;
  readonly priority: number;
}

function objectAt(value: Json | undefined, path: readonly string[]): JsonObject {
  let now: Json | undefined = value;
  for (const key of path) now = isObject(now) ? now[key] : undefined;
  return isObject(now) ? now : {};
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const NO_LOCALITY: Locality = { name: '//', zone: '', weight: 0, priority: 0 };

/** A host that no assignment lists: its cluster found the address out by itself. */
export function hostAt(cluster: ConfigNode, address: string, hostname: string): Host {
  const host = new Host(new ConfigNode({}, cluster.ref), NO_LOCALITY, address);
  host.hostname = hostname;
  return host;
}

/** The hosts of a `ClusterLoadAssignment`, in its order. `resolve` turns names into addresses. */
export function hostsOf(assignment: ConfigNode | undefined, resolve: (name: string) => string[]): Host[] {
  return (assignment?.list('endpoints') ?? []).flatMap((group) => {
    const where = group.child('locality');
    const zone = where?.text('zone') ?? '';
    const name = [where?.text('region') ?? '', zone, where?.text('sub_zone') ?? ''].join('/');
    const locality = {
      name,
      zone,
      weight: group.number('load_balancing_weight') ?? 0,
      priority: group.number('priority') ?? 0,
    };
    return group
      .list('lb_endpoints')
      .flatMap((node) => addressesOf(node, resolve).map((address) => new Host(node, locality, address)));
  });
}

function addressesOf(endpoint: ConfigNode, resolve: (name: string) => string[]): string[] {
  const socket = endpoint.child('endpoint')?.child('address')?.child('socket_address');
  if (!socket) return [];
  return resolve(socket.text('address') ?? '').map((address) => `${address}:${socket.number('port_value') ?? 0}`);
}
