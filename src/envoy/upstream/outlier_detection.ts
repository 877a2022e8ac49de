import { durationMs } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import type { Host } from './host.ts';

/** What a try told of its host. A `local` failure is one without an answer: refused, reset, timed out. */
export type Verdict =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'local_failure'; readonly mappedStatus: number }
  | { readonly kind: 'local_success' };

type Detector = 'consecutive_5xx' | 'consecutive_gateway_failure' | 'consecutive_local_origin_failure';

interface Score {
  readonly runs: Record<Detector, number>;
  ejections: number;
  ejectedUntilMs: number;
  successes: number;
  requests: number;
}

interface Owner {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly statName: string;
  readonly hosts: () => readonly Host[];
  /** Called when a host goes out or comes back. */
  readonly onChange: () => void;
}

const LIMITS: Readonly<Record<Detector, number>> = {
  consecutive_5xx: 5,
  consecutive_gateway_failure: 5,
  consecutive_local_origin_failure: 5,
};
const ENFORCING: Readonly<Record<Detector, number>> = {
  consecutive_5xx: 100,
  consecutive_gateway_failure: 0,
  consecutive_local_origin_failure: 100,
};

/** Takes hosts that fail out of the rotation for a while: outlier_detection_impl.cc. */
export class OutlierDetection {
  readonly #node: ConfigNode;
  readonly #owner: Owner;
  readonly #scores = new Map<Host, Score>();
  readonly #isSplit: boolean;
  #active = 0;

  constructor(node: ConfigNode, owner: Owner) {
    this.#node = node;
    this.#owner = owner;
    this.#isSplit = node.flag('split_external_local_origin_errors');
    this.#armInterval();
  }

  put(host: Host, verdict: Verdict): void {
    const score = this.#scoreOf(host);
    if (verdict.kind === 'local_success') {
      if (this.#isSplit) score.runs.consecutive_local_origin_failure = 0;
      return;
    }
    if (verdict.kind === 'local_failure' && this.#isSplit)
      return this.#extend(host, 'consecutive_local_origin_failure');
    const status = verdict.kind === 'status' ? verdict.status : verdict.mappedStatus;
    score.requests++;
    if (status < 500) {
      score.successes++;
      score.runs.consecutive_5xx = 0;
      score.runs.consecutive_gateway_failure = 0;
      return;
    }
    this.#extend(host, 'consecutive_5xx');
    if (status >= 502 && status <= 504) this.#extend(host, 'consecutive_gateway_failure');
    else score.runs.consecutive_gateway_failure = 0;
  }

  #scoreOf(host: Host): Score {
    let score = this.#scores.get(host);
    if (!score) {
      score = {
        runs: { consecutive_5xx: 0, consecutive_gateway_failure: 0, consecutive_local_origin_failure: 0 },
        ejections: 0,
        ejectedUntilMs: 0,
        successes: 0,
        requests: 0,
      };
      this.#scores.set(host, score);
    }
    return score;
  }

  #extend(host: Host, detector: Detector): void {
    const runs = this.#scoreOf(host).runs;
    if (++runs[detector] < (this.#node.number(detector) ?? LIMITS[detector])) return;
    runs[detector] = 0;
    if (host.flags.has('failed_outlier_check')) return;
    this.#count(`ejections_detected_${detector}`);
    if (detector === 'consecutive_5xx') this.#count('ejections_consecutive_5xx');
    const enforcing = this.#node.number(`enforcing_${detector}`) ?? ENFORCING[detector];
    if (this.#owner.random.below(100) < enforcing) this.#eject(host, detector);
  }

  #eject(host: Host, why: string): void {
    const percent = (100 * (this.#active + 1)) / this.#owner.hosts().length;
    const isAllowed =
      percent <= (this.#node.number('max_ejection_percent') ?? 10) ||
      (this.#node.flag('always_eject_one_host') && this.#active === 0);
    if (!isAllowed) return this.#count('ejections_overflow');
    const score = this.#scoreOf(host);
    score.ejections++;
    const base = durationMs(this.#node.text('base_ejection_time')) ?? 30_000;
    const longest = Math.max(base, durationMs(this.#node.text('max_ejection_time')) ?? 300_000);
    score.ejectedUntilMs = this.#owner.dispatcher.nowMs + Math.min(base * score.ejections, longest);
    host.flags.add('failed_outlier_check');
    this.#setActive(this.#active + 1);
    this.#count('ejections_enforced_total');
    this.#count(`ejections_enforced_${why}`);
    if (why === 'consecutive_5xx') this.#count('ejections_total');
    this.#owner.trace?.record({
      kind: 'host_ejected',
      state: 'failed',
      because: this.#node.ref,
      sentence: `${host.address} is out of the rotation: ${why.replaceAll('_', ' ')}.`,
    });
    this.#owner.onChange();
  }

  #armInterval(): void {
    const intervalMs = durationMs(this.#node.text('interval')) ?? 10_000;
    this.#owner.dispatcher.createTimer('outlier_interval', intervalMs, () => {
      for (const [host, score] of this.#scores)
        if (host.flags.has('failed_outlier_check') && score.ejectedUntilMs <= this.#owner.dispatcher.nowMs)
          this.#readmit(host);
      this.#armInterval();
    });
  }

  #readmit(host: Host): void {
    host.flags.delete('failed_outlier_check');
    this.#setActive(this.#active - 1);
    this.#owner.trace?.record({
      kind: 'host_readmitted',
      state: 'info',
      because: this.#node.ref,
      sentence: `${host.address} is back in the rotation.`,
    });
    this.#owner.onChange();
  }

  #setActive(count: number): void {
    this.#active = count;
    this.#owner.stats.set(`cluster.${this.#owner.statName}.outlier_detection.ejections_active`, count);
  }

  #count(name: string): void {
    this.#owner.stats.add(`cluster.${this.#owner.statName}.outlier_detection.${name}`);
  }
}
