import type { Host } from '../upstream/host.ts';
import { hashKeyOf } from './hash_key.ts';
import type { HashPicker, WeightedHosts } from './load_balancer.ts';
import { xxHash64 } from './xx_hash64.ts';

/** MAGLEV: a table of fixed size that every host fills in its own order (maglev_lb.cc). */
export class Maglev implements HashPicker {
  readonly #tables = new WeakMap<WeightedHosts, readonly Host[]>();
  readonly #options: { tableSize: number; usesHostname: boolean };

  constructor(options: { tableSize: number; usesHostname: boolean }) {
    this.#options = options;
  }

  pickByHash(hosts: WeightedHosts, hash: bigint, attempt: number): Host {
    let table = this.#tables.get(hosts);
    if (!table) this.#tables.set(hosts, (table = tableOf(hosts, this.#options)));
    // A retry with the same hash is to lead elsewhere.
    const key = attempt === 0 ? hash : hash ^ (ALL_ONES - BigInt(attempt) + 1n);
    return table[Number(key % BigInt(table.length))]!;
  }
}

const ALL_ONES = (1n << 64n) - 1n;

function tableOf(
  hosts: WeightedHosts,
  { tableSize, usesHostname }: { tableSize: number; usesHostname: boolean },
): Host[] {
  const size = BigInt(tableSize);
  const keyed = hosts
    .map(({ host, weight }) => ({ host, weight, key: hashKeyOf(host, usesHostname) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  // Weights are parts of one, and their rounding is Envoy's too.
  const heaviest = Math.max(...hosts.map(({ weight }) => weight));
  const entries = keyed.map(({ host, weight, key }) => ({
    host,
    offset: Number(xxHash64(key) % size),
    skip: Number(xxHash64(key, 1n) % (size - 1n)) + 1,
    next: 0,
    target: 0,
    weight,
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
