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
  }

  count(name: SubscriptionStat): void {
    this.#stats.add(this.#prefix + name);
  }
}
