import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';
import { hashKeyOf } from './hash_key.ts';
import type { HostPicker, LoadBalancerContext } from './load_balancer.ts';
import { xxHash64 } from './xx_hash64.ts';

/** MAGLEV: a table of fixed size that every host fills in its own order (maglev_lb.cc). */
export class Maglev implements HostPicker {
  readonly #tables = new WeakMap<readonly Host[], readonly Host[]>();
  readonly #random: Random;
  readonly #options: { tableSize: number; usesHostname: boolean };

  constructor(random: Random, options: { tableSize: number; usesHostname: boolean }) {
    this.#random = random;
    this.#options = options;
  }

  pick(hosts: readonly Host[], { hash }: LoadBalancerContext): Host {
    let table = this.#tables.get(hosts);
    if (!table) this.#tables.set(hosts, (table = tableOf(hosts, this.#options)));
    const index = hash === undefined ? this.#random.below(table.length) : Number(hash % BigInt(table.length));
    return table[index]!;
  }
}

function tableOf(
  hosts: readonly Host[],
  { tableSize, usesHostname }: { tableSize: number; usesHostname: boolean },
): Host[] {
  const size = BigInt(tableSize);
  const keyed = hosts
    .map((host) => ({ host, key: hashKeyOf(host, usesHostname) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  // Weights are parts of one, and their rounding is Envoy's too.
  const total = hosts.reduce((sum, host) => sum + host.weight, 0);
  const heaviest = Math.max(...hosts.map((host) => host.weight / total));
  const entries = keyed.map(({ host, key }) => ({
    host,
    offset: Number(xxHash64(key) % size),
    skip: Number(xxHash64(key, 1n) % (size - 1n)) + 1,
    next: 0,
    target: 0,
    weight: host.weight / total,
  }));
  const table: (Host | undefined)[] = Array<undefined>(tableSize).fill(undefined);
  for (let filled = 0, iteration = 1; filled < tableSize; iteration++) {
    for (const entry of entries) {
      if (filled >= tableSize) break;
      if (iteration * entry.weight < entry.target) continue;
      entry.target += heaviest;
      let at = (entry.offset + entry.skip * entry.next++) % tableSize;
      while (table[at]) at = (entry.offset + entry.skip * entry.next++) % tableSize;
      table[at] = entry.host;
      filled++;
    }
  }
  return table as Host[];
}
