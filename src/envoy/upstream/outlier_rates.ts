import type { ConfigNode } from '../config_node.ts';
import type { Host } from './host.ts';

/** Requests of one interval. */
export interface Bucket {
  total: number;
  successes: number;
}

export type RateDetector =
  'success_rate' | 'failure_percentage' | 'local_origin_success_rate' | 'local_origin_failure_percentage';

interface Rated {
  readonly host: Host;
  readonly rate: number;
  readonly volume: number;
}

/** Hosts that fail clearly more than their peers, or more than a share of their requests: outlier_detection_impl.cc. */
export class OutlierRates {
  readonly #node: ConfigNode;
  readonly #prefix: '' | 'local_origin_';

  constructor(node: ConfigNode, prefix: '' | 'local_origin_') {
    this.#node = node;
    this.#prefix = prefix;
  }

  /** What stands out of the interval that has just ended. */
  outliers(buckets: ReadonlyMap<Host, Bucket>): { host: Host; why: RateDetector }[] {
    const rated = [...buckets]
      .filter(([host, { total }]) => total > 0 && !host.flags.has('failed_outlier_check'))
      .map(([host, { total, successes }]) => ({ host, rate: (100 * successes) / total, volume: total }));
    return [...this.#bySuccessRate(rated), ...this.#byFailurePercentage(rated)];
  }

  #bySuccessRate(rated: readonly Rated[]): { host: Host; why: RateDetector }[] {
    const valid = rated.filter(({ volume }) => volume >= this.#number('success_rate_request_volume', 100));
    if (valid.length === 0 || valid.length < this.#number('success_rate_minimum_hosts', 5)) return [];
    const mean = valid.reduce((sum, { rate }) => sum + rate, 0) / valid.length;
    const variance = valid.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / valid.length;
    const threshold = mean - (this.#number('success_rate_stdev_factor', 1900) / 1000) * Math.sqrt(variance);
    return valid
      .filter(({ rate }) => rate < threshold)
      .map(({ host }) => ({ host, why: `${this.#prefix}success_rate` }));
  }

  #byFailurePercentage(rated: readonly Rated[]): { host: Host; why: RateDetector }[] {
    const valid = rated.filter(({ volume }) => volume >= this.#number('failure_percentage_request_volume', 50));
    if (valid.length === 0 || valid.length < this.#number('failure_percentage_minimum_hosts', 5)) return [];
    const threshold = this.#number('failure_percentage_threshold', 85);
    return valid
      .filter(({ rate }) => 100 - rate >= threshold)
      .map(({ host }) => ({ host, why: `${this.#prefix}failure_percentage` }));
  }

  #number(name: string, otherwise: number): number {
    return this.#node.number(name) ?? otherwise;
  }
}
