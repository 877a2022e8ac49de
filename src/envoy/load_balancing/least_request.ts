import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';
import { EdfSchedule, isEven } from './edf_schedule.ts';
import type { HostPicker } from './load_balancer.ts';
import type { SlowStart } from './slow_start.ts';

export interface LeastRequestOptions {
  readonly choices: number;
  readonly bias: number;
  /** All hosts are looked at, in place of a few. */
  readonly scansAll: boolean;
  readonly slowStart: SlowStart | undefined;
}

/**
 * LEAST_REQUEST: of a few hosts drawn by chance, the one with the fewest requests under way; hosts of different weights
 * take turns by weight, less the more they have to do (extensions/load_balancing_policies/least_request).
 */
export class LeastRequest implements HostPicker {
  readonly #random: Random;
  readonly #choices: number;
  readonly #bias: number;
  readonly #scansAll: boolean;
  readonly #slowStart: SlowStart | undefined;
  readonly #weightOf: (host: Host) => number = (host) => host.weight;
  readonly #schedules = new WeakMap<readonly Host[], EdfSchedule | undefined>();

  constructor(random: Random, options: LeastRequestOptions) {
    this.#random = random;
    this.#choices = options.choices;
    this.#bias = options.bias;
    this.#scansAll = options.scansAll;
    this.#slowStart = options.slowStart;
    if (options.slowStart) this.#weightOf = options.slowStart.weightOf;
  }

  pick(hosts: readonly Host[]): Host {
    const schedule = this.#scheduleOf(hosts);
    if (schedule) return schedule.take((host) => this.#weightOf(host) / (host.stats.rq_active + 1) ** this.#bias);
    if (this.#scansAll) return this.#leastOf(hosts);
    let best = this.#draw(hosts);
    for (let i = 1; i < this.#choices; i++) {
      const other = this.#draw(hosts);
      if (other.stats.rq_active < best.stats.rq_active) best = other;
    }
    return best;
  }

  /** `FULL_SCAN`: of those that have equally little to do, any. */
  #leastOf(hosts: readonly Host[]): Host {
    const least = Math.min(...hosts.map(({ stats }) => stats.rq_active));
    return this.#draw(hosts.filter(({ stats }) => stats.rq_active === least));
  }

  /** Absent for hosts of equal weight. */
  #scheduleOf(hosts: readonly Host[]): EdfSchedule | undefined {
    if (!this.#schedules.has(hosts)) {
      const isDrawn = isEven(hosts) && this.#slowStart?.slows(hosts) !== true;
      this.#schedules.set(hosts, isDrawn ? undefined : new EdfSchedule(hosts, this.#weightOf));
    }
    return this.#schedules.get(hosts);
  }

  #draw(hosts: readonly Host[]): Host {
    return hosts[this.#random.below(hosts.length)]!;
  }
}
