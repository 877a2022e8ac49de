import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';
import type { HostPicker } from './load_balancer.ts';

/** LEAST_REQUEST: of a few hosts drawn by chance, the one with the fewest requests under way. */
export class LeastRequest implements HostPicker {
  readonly #random: Random;
  readonly #choices: number;

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
    const total = hosts.reduce((sum, host) => sum + host.weight, 0);
    let ticket = this.#random.below(total);
    return hosts.find((host) => (ticket -= host.weight) < 0)!;
  }
}
