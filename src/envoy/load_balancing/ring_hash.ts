import type { Host } from '../upstream/host.ts';
import { hashKeyOf } from './hash_key.ts';
import type { HashPicker, WeightedHosts } from './load_balancer.ts';

interface RingEntry {
  readonly hash: bigint;
  readonly host: Host;
}

export interface RingOptions {
  readonly minimumSize: number;
  readonly maximumSize: number;
  readonly usesHostname: boolean;
  /** `hash_function`: of the points on the ring. */
  readonly hash: (text: string) => bigint;
}

/** RING_HASH: the host whose point on the ring is the next one after the request's hash (ring_hash_lb.cc). */
export class RingHash implements HashPicker {
  readonly #rings = new WeakMap<WeightedHosts, readonly RingEntry[]>();
  readonly #options: RingOptions;

  constructor(options: RingOptions) {
    this.#options = options;
  }

  pickByHash(hosts: WeightedHosts, hash: bigint, attempt: number): Host {
    let ring = this.#rings.get(hosts);
    if (!ring) this.#rings.set(hosts, (ring = ringOf(hosts, this.#options)));
    let [low, high] = [0, ring.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ring[middle]!.hash < hash) low = middle + 1;
      else high = middle;
    }
    return ring[((low === ring.length ? 0 : low) + attempt) % ring.length]!.host;
  }
}

function ringOf(hosts: WeightedHosts, options: RingOptions): RingEntry[] {
  const smallest = Math.min(...hosts.map(({ weight }) => weight));
  const scale = Math.min(Math.ceil(smallest * options.minimumSize) / smallest, options.maximumSize);
  const ring: RingEntry[] = [];
  let target = 0;
  for (const { host, weight } of hosts) {
    target += scale * weight;
    const key = hashKeyOf(host, options.usesHostname);
    for (let i = 0; ring.length < target; i++) ring.push({ hash: options.hash(`${key}_${i}`), host });
  }
  return ring.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
}
