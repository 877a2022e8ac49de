import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { Host, Locality } from '../upstream/host.ts';
import type { ClusterStats } from '../upstream/cluster_stats.ts';

/** Shares are counted in ten thousandths. */
const FULL = 10_000;
const DEFAULT_MIN_CLUSTER_SIZE = 6;
/** The main thread and the worker have a balancer each, and count each for itself. */
const THREADS = 2;

/** Where this Envoy is, and the others of its kind: `cluster_manager.local_cluster_name`. */
export interface LocalCluster {
  /** `region/zone/sub_zone`. */
  readonly locality: string;
  hosts(): readonly Host[];
}

interface Structure {
  readonly groups: readonly (readonly Host[])[];
  readonly isDirect: boolean;
  /** The share of requests that may stay in the own zone. */
  readonly localShare: number;
  /** Capacity left over in each zone, added up from the first. */
  readonly residual: readonly number[];
}

/** Keeps requests in the own zone as far as its endpoints can take their share: load_balancer_impl.cc, ZoneAwareLoadBalancerBase. */
export class ZoneAware {
  readonly #local: LocalCluster;
  readonly #random: Random;
  readonly #stats: ClusterStats['traffic'];
  readonly #minClusterSize: number;
  readonly #enabledPercent: number;
  readonly #structures = new WeakMap<readonly Host[], { of: readonly Host[]; structure: Structure | undefined }>();

  constructor(
    node: ConfigNode | undefined,
    local: LocalCluster,
    owner: { random: Random; stats: ClusterStats['traffic'] },
  ) {
    this.#local = local;
    this.#random = owner.random;
    this.#stats = owner.stats;
    this.#minClusterSize = node?.number('min_cluster_size') ?? DEFAULT_MIN_CLUSTER_SIZE;
    this.#enabledPercent = node?.child('routing_enabled')?.number('value') ?? 100;
  }

  /** The hosts of one zone, or all of them where zones do not count. */
  narrow(healthy: readonly Host[]): readonly Host[] {
    const structure = this.#structureOf(healthy);
    if (!structure || this.#random.below(100) >= this.#enabledPercent) return healthy;
    const local = this.#local.hosts();
    if (isInPanic(local)) {
      this.#stats.lb_local_cluster_not_ok.inc();
      return healthy;
    }
    return structure.groups[this.#groupOf(structure)]!;
  }

  #groupOf({ isDirect, localShare, residual }: Structure): number {
    if (isDirect) {
      this.#stats.lb_zone_routing_all_directly.inc();
      return 0;
    }
    if (this.#random.below(FULL) < localShare) {
      this.#stats.lb_zone_routing_sampled.inc();
      return 0;
    }
    this.#stats.lb_zone_routing_cross_zone.inc();
    const total = residual.at(-1)!;
    if (total === 0) {
      this.#stats.lb_zone_no_capacity_left.inc();
      return this.#random.below(residual.length);
    }
    const threshold = this.#random.below(total);
    return residual.findIndex((sum) => threshold <= sum);
  }

  /** To be told when the hosts of the cluster have changed. */
  recalculate(healthy: readonly Host[]): void {
    this.#stats.lb_recalculate_zone_structures.add(THREADS);
    const zones = new Set(healthy.map((host) => host.locality.name)).size;
    if (zones > 1 && healthy.length < this.#minClusterSize) this.#stats.lb_zone_cluster_too_small.add(THREADS);
  }

  /** Worked out again when the hosts of either cluster have changed. */
  #structureOf(healthy: readonly Host[]): Structure | undefined {
    const local = this.#local.hosts();
    const known = this.#structures.get(healthy);
    if (known && known.of === local) return known.structure;
    const structure = this.#compute(healthy, local);
    this.#structures.set(healthy, { of: local, structure });
    return structure;
  }

  #compute(healthy: readonly Host[], local: readonly Host[]): Structure | undefined {
    const groups = groupsOf(healthy, this.#local.locality);
    if (groups.length < 2) return undefined;
    if (healthy.length < this.#minClusterSize) return undefined;
    const localHealthy = local.filter((host) => host.health === 'healthy');
    const shares = groups.map(({ name, hosts }) => ({
      upstream: Math.floor((FULL * hosts.length) / healthy.length),
      local: shareOf(localHealthy, name),
    }));
    const hasOwn = groups[0]!.name === this.#local.locality;
    const own = shares[0]!;
    let sum = 0;
    const residual = shares.map(
      (share, i) => (sum += i === 0 && hasOwn ? 0 : Math.max(0, share.upstream - share.local)),
    );
    return {
      groups: groups.map(({ hosts }) => hosts),
      isDirect: hasOwn && own.upstream > 0 && own.upstream >= own.local,
      localShare: hasOwn && own.local > 0 ? Math.floor((own.upstream * FULL) / own.local) : 0,
      residual,
    };
  }
}

const shareOf = (hosts: readonly Host[], locality: string): number =>
  hosts.length === 0
    ? 0
    : Math.floor((FULL * hosts.filter((host) => host.locality.name === locality).length) / hosts.length);

const isInPanic = (hosts: readonly Host[]): boolean =>
  hosts.length > 0 && hosts.filter((host) => host.health === 'healthy').length / hosts.length < 0.5;

/** By locality, the own one first. */
function groupsOf(hosts: readonly Host[], own: string): { name: Locality['name']; hosts: Host[] }[] {
  const groups = new Map<string, Host[]>();
  for (const host of hosts) {
    const group = groups.get(host.locality.name);
    if (group) group.push(host);
    else groups.set(host.locality.name, [host]);
  }
  const names = [...groups.keys()].sort((a, b) => Number(b === own) - Number(a === own) || (a < b ? -1 : 1));
  return names.map((name) => ({ name, hosts: groups.get(name)! }));
}
