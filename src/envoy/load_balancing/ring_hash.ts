import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';
import { hashKeyOf } from './hash_key.ts';
import type { HostPicker, LoadBalancerContext } from './load_balancer.ts';

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
export class RingHash implements HostPicker {
  readonly #rings = new WeakMap<readonly Host[], readonly RingEntry[]>();
  readonly #random: Random;
  readonly #options: RingOptions;

  constructor(random: Random, options: RingOptions) {
    this.#random = random;
    this.#options = options;
  }

  pick(hosts: readonly Host[], { hash }: LoadBalancerContext): Host {
    let ring = this.#rings.get(hosts);
    if (!ring) this.#rings.set(hosts, (ring = ringOf(hosts, this.#options)));
    const wanted = hash ?? (BigInt(this.#random.below(2 ** 32)) << 32n) | BigInt(this.#random.below(2 ** 32));
    let [low, high] = [0, ring.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ring[middle]!.hash < wanted) low = middle + 1;
      else high = middle;
    }
    return (ring[low] ?? ring[0]!).host;
  }
}

function ringOf(hosts: readonly Host[], options: RingOptions): RingEntry[] {
  const total = hosts.reduce((sum, host) => sum + host.weight, 0);
  const smallest = Math.min(...hosts.map((host) => host.weight)) / total;
  const scale = Math.min(Math.ceil(smallest * options.minimumSize) / smallest, options.maximumSize);
  const ring: RingEntry[] = [];
  let target = 0;
  for (const host of hosts) {
    target += scale * (host.weight / total);
    const key = hashKeyOf(host, options.usesHostname);
    for (let i = 0; ring.length < target; i++) ring.push({ hash: options.hash(`${key}_${i}`), host });
  }
  return ring.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
}
