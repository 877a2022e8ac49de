import { SIMULATION_EPOCH_MS } from '#sim';
import type { StatsStore } from '../stats/store.ts';

const NAMES = ['init_fetch_timeout', 'update_attempt', 'update_failure', 'update_rejected', 'update_success'] as const;

export type SubscriptionStat = (typeof NAMES)[number];

/** ALL_SUBSCRIPTION_STATS of config/subscription.h, below the prefix of whoever subscribes. */
export class SubscriptionStats {
  readonly #stats: StatsStore;
  readonly #prefix: string;

  constructor(stats: StatsStore, prefix: string) {
    this.#stats = stats;
    this.#prefix = prefix;
    stats.declare(...NAMES.map((name) => prefix + name));
    stats.set(`${prefix}update_time`, 0);
    stats.textReadout(`${prefix}version_text`);
    stats.histogram(`${prefix}update_duration`);
  }

  /** An update was taken. */
  succeed(version: string): void {
    this.count('update_success');
    this.#stats.set(`${this.#prefix}update_time`, SIMULATION_EPOCH_MS + Math.floor(this.#stats.nowMs));
    this.#stats.textReadout(`${this.#prefix}version_text`).set(version);
  }

  count(name: SubscriptionStat): void {
    this.#stats.add(this.#prefix + name);
  }
}
