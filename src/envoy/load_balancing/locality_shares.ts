import type { Random } from '#sim';
import type { Host, Locality } from '../upstream/host.ts';
import { hostsByLocality } from './hosts_by_locality.ts';
import type { HostSet } from './priority_load.ts';

const PARTS = 1_000_000;
const ownWeight = ({ weight }: Locality): number => weight;

/** Shares requests over localities by their weights: upstream_impl.cc, HostSetImpl::rebuildLocalityScheduler. */
export class LocalityShares {
  readonly #overprovisioning: number;
  readonly #weightOf: (locality: Locality) => number;
  /** A picker remembers its turn by the list, so equal lists have to be one. */
  readonly #lists = new WeakMap<readonly Host[], ReadonlyMap<Locality, readonly Host[]>>();

  constructor(overprovisioning: number, weightOf = ownWeight) {
    this.#overprovisioning = overprovisioning;
    this.#weightOf = weightOf;
  }

  /** The hosts of one locality: by its weight, less what of it is unwell; one without a weight gets nothing. */
  narrow(open: readonly Host[], set: HostSet, random: Random): readonly Host[] {
    const localities = this.#localitiesOf(open);
    const shares = [...localities].map(([locality, hosts]) => this.#shareOf(locality, hosts, set));
    const total = shares.reduce((sum, one) => sum + one, 0);
    if (total === 0) return [];
    let ticket = (random.below(PARTS) / PARTS) * total;
    const lists = [...localities.values()];
    return lists[shares.findIndex((share) => (ticket -= share) < 0)] ?? lists.at(-1)!;
  }

  #localitiesOf(hosts: readonly Host[]): ReadonlyMap<Locality, readonly Host[]> {
    let known = this.#lists.get(hosts);
    if (!known) this.#lists.set(hosts, (known = hostsByLocality(hosts)));
    return known;
  }

  #shareOf(locality: Locality, open: readonly Host[], { all }: HostSet): number {
    const total = this.#localitiesOf(all).get(locality)!.length;
    return this.#weightOf(locality) * Math.min(1, (this.#overprovisioning / 100) * (open.length / total));
  }
}
