import { CodeStats } from '../stats/code_stats.ts';
import { createStats, type StatSet } from '../stats/stat_set.ts';
import type { StatsStore } from '../stats/store.ts';

const COUNTERS = [
  'upstream_rq_retry',
  'upstream_rq_retry_limit_exceeded',
  'upstream_rq_retry_overflow',
  'upstream_rq_retry_success',
  'upstream_rq_timeout',
  'upstream_rq_total',
] as const;

export type RequestCounter = (typeof COUNTERS)[number];

/** What a virtual cluster, or a route with a `stat_prefix`, counts of its own requests: router.h, ALL_VIRTUAL_CLUSTER_STATS. */
export class RequestStats {
  readonly codes: CodeStats;
  readonly counters: StatSet<RequestCounter, never, never>;

  constructor(store: StatsStore, prefix: string) {
    this.codes = new CodeStats(store, prefix);
    this.counters = createStats(store, prefix, { counters: COUNTERS });
  }
}
