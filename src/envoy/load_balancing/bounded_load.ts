import type { ClusterStats } from '../upstream/cluster_stats.ts';
import type { Host } from '../upstream/host.ts';
import type { HashPicker, WeightedHost, WeightedHosts } from './load_balancer.ts';
import { MersenneTwister } from './mersenne_twister.ts';

/**
 * `hash_balance_factor`: a host that has more than its share of what is under way is passed over, for another that the
 * hash leads to (thread_aware_lb_impl.cc, BoundedLoadHashingLoadBalancer).
 */
export class BoundedLoad implements HashPicker {
  readonly #inner: HashPicker;
  /** In percent of the average. */
  readonly #factor: number;
  readonly #active: ClusterStats['traffic']['upstream_rq_active'];

  constructor(inner: HashPicker, factor: number, active: ClusterStats['traffic']['upstream_rq_active']) {
    this.#inner = inner;
    this.#factor = factor;
    this.#active = active;
  }

  pickByHash(hosts: WeightedHosts, hash: bigint, attempt: number): Host {
    const first = this.#inner.pickByHash(hosts, hash, attempt);
    let least = { host: first, load: this.#loadOf(hosts.find(({ host }) => host === first)!) };
    if (least.load <= 1) return first;
    for (const one of shuffled(hosts, hash)) {
      if (one.host === first) continue;
      const load = this.#loadOf(one);
      if (load <= 1) return one.host;
      if (load < least.load) least = { host: one.host, load };
    }
    return least.host;
  }

  /** What a host has under way, as a part of what it may have. */
  #loadOf({ host, weight }: WeightedHost): number {
    const slots = Math.floor(((this.#active.value + 1) * this.#factor + 99) / 100);
    return host.stats.rq_active / Math.max(Math.ceil(slots * weight), 1);
  }
}

/** Always the same order for the same hash. */
function* shuffled(hosts: WeightedHosts, hash: bigint): Generator<WeightedHost> {
  const random = new MersenneTwister(Number(hash & 0xffff_ffffn));
  const left = [...hosts];
  for (let i = 0; i < left.length; i++) {
    const j = i + random.below(left.length - i);
    [left[i], left[j]] = [left[j]!, left[i]!];
    yield left[i]!;
  }
}
