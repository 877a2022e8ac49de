import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';
import type { HostPicker } from './load_balancer.ts';

/** LEAST_REQUEST: of a few hosts drawn by chance, the one with the fewest requests under way. */
export class LeastRequest implements HostPicker {
  readonly #random: Random;
  readonly #choices: number;
  readonly #sums = new WeakMap<readonly Host[], readonly number[]>();

  constructor(random: Random, choices: number) {
    this.#random = random;
    this.#choices = choices;
  }

  pick(hosts: readonly Host[]): Host {
    let best = this.#draw(hosts);
    for (let i = 1; i < this.#choices; i++) {
      const other = this.#draw(hosts);
      if (other.stats.rq_active / other.weight < best.stats.rq_active / best.weight) best = other;
    }
    return best;
  }

  #draw(hosts: readonly Host[]): Host {
    let sums = this.#sums.get(hosts);
    if (!sums) this.#sums.set(hosts, (sums = runningSums(hosts)));
    const ticket = this.#random.below(sums.at(-1)!);
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > ticket) high = middle;
      else low = middle + 1;
    }
    return hosts[low]!;
  }
}

/** The weights added up from the first host on: a ticket falls to the host whose sum is the first above it. */
function runningSums(hosts: readonly Host[]): number[] {
  let sum = 0;
  return hosts.map((host) => (sum += host.weight));
}
