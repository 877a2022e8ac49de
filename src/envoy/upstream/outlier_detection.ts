import { durationMs } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { createStats, type StatSet } from '../stats/stat_set.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { EventLog } from './event_log.ts';
import type { Host } from './host.ts';
import { OutlierRates, type Bucket, type RateDetector } from './outlier_rates.ts';

/** What a try told of its host. A `local` failure is one without an answer: refused, reset, timed out. */
export type Verdict =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'local_failure'; readonly mappedStatus: number }
  | { readonly kind: 'local_success' };

type RunDetector = 'consecutive_5xx' | 'consecutive_gateway_failure' | 'consecutive_local_origin_failure';
type Detector = RunDetector | RateDetector;

interface Score {
  readonly runs: Record<RunDetector, number>;
  external: Bucket;
  local: Bucket;
  ejectedAtMs: number;
  /** How many times its ejection time is multiplied; less by one for each interval without an ejection. */
  backOff: number;
  ejections: number;
  degradedAtMs: number;
  degradations: number;
}

interface Owner {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly statName: string;
  readonly clusterName: string;
  readonly log: EventLog | undefined;
  readonly hosts: () => readonly Host[];
  /** A host goes out. */
  readonly onFailure: (host: Host) => void;
  /** Called when a host goes out or comes back. */
  readonly onChange: () => void;
}

const RUN_LIMIT = 5;
/** Of 100 detected, how many are ejected where the configuration does not say. */
const ENFORCING: Readonly<Record<Detector, number>> = {
  consecutive_5xx: 100,
  consecutive_gateway_failure: 0,
  consecutive_local_origin_failure: 100,
  success_rate: 100,
  failure_percentage: 0,
  local_origin_success_rate: 100,
  local_origin_failure_percentage: 0,
};
const DETECTORS = Object.keys(ENFORCING) as Detector[];
const COUNTERS = [
  'ejections_total',
  'ejections_overflow',
  'ejections_consecutive_5xx',
  'ejections_success_rate',
  'ejections_enforced_total',
  'ejections_detected_degradation',
] as const;

/** Takes hosts that fail out of the rotation for a while: outlier_detection_impl.cc. */
export class OutlierDetection {
  readonly #node: ConfigNode;
  readonly #owner: Owner;
  readonly #scores = new Map<Host, Score>();
  readonly #isSplit: boolean;
  readonly #stats: StatSet<(typeof COUNTERS)[number], 'ejections_active', never>;
  readonly #detected: StatSet<Detector, never, never>;
  readonly #enforced: StatSet<Detector, never, never>;
  readonly #externalRates: OutlierRates;
  readonly #localRates: OutlierRates;
  #active = 0;

  constructor(node: ConfigNode, owner: Owner) {
    this.#node = node;
    this.#owner = owner;
    this.#isSplit = node.flag('split_external_local_origin_errors');
    const prefix = `cluster.${owner.statName}.outlier_detection.`;
    this.#stats = createStats(owner.stats, prefix, { counters: COUNTERS, gauges: ['ejections_active'] });
    this.#detected = createStats(owner.stats, `${prefix}ejections_detected_`, { counters: DETECTORS });
    this.#enforced = createStats(owner.stats, `${prefix}ejections_enforced_`, { counters: DETECTORS });
    this.#externalRates = new OutlierRates(node, '');
    this.#localRates = new OutlierRates(node, 'local_origin_');
    this.#armInterval();
  }

  put(host: Host, verdict: Verdict): void {
    const score = this.#scoreOf(host);
    if (verdict.kind === 'local_success') {
      if (!this.#isSplit) return;
      count(score.local, true);
      score.runs.consecutive_local_origin_failure = 0;
      return;
    }
    if (verdict.kind === 'local_failure' && this.#isSplit) {
      count(score.local, false);
      return this.#extend(host, 'consecutive_local_origin_failure');
    }
    const status = verdict.kind === 'status' ? verdict.status : verdict.mappedStatus;
    count(score.external, status < 500);
    if (status < 500) {
      score.runs.consecutive_5xx = 0;
      score.runs.consecutive_gateway_failure = 0;
      return;
    }
    if (status >= 502 && status <= 504) this.#extend(host, 'consecutive_gateway_failure');
    else score.runs.consecutive_gateway_failure = 0;
    this.#extend(host, 'consecutive_5xx');
  }

  /** An answer says that its host is degraded: with `detect_degraded_hosts` it is passed over for a while. */
  onDegraded(host: Host): void {
    if (!this.#node.flag('detect_degraded_hosts')) return;
    const score = this.#scoreOf(host);
    if (host.flags.has('degraded_outlier_detection')) return;
    score.degradations++;
    score.degradedAtMs = this.#owner.dispatcher.nowMs;
    host.flags.add('degraded_outlier_detection');
    this.#stats.ejections_detected_degradation.inc();
    this.#owner.onChange();
  }

  /** A passed health check brings an ejected host back, unless that is switched off. */
  onHealthCheckPassed(host: Host): void {
    if (!host.flags.has('failed_outlier_check')) return;
    if (this.#node.raw('successful_active_health_check_uneject_host') !== false) this.#readmit(host);
  }

  /** The runtime has the last word on each setting. */
  #number(name: string, otherwise: number): number {
    return this.#owner.runtime.integer(`outlier_detection.${name}`, this.#node.number(name) ?? otherwise);
  }

  #ms(name: string, otherwise: number): number {
    const own = durationMs(this.#node.text(name)) ?? otherwise;
    return this.#owner.runtime.integer(`outlier_detection.${name}_ms`, own);
  }

  #scoreOf(host: Host): Score {
    let score = this.#scores.get(host);
    if (!score) {
      score = {
        runs: { consecutive_5xx: 0, consecutive_gateway_failure: 0, consecutive_local_origin_failure: 0 },
        external: { total: 0, successes: 0 },
        local: { total: 0, successes: 0 },
        ejectedAtMs: 0,
        backOff: 0,
        ejections: 0,
        degradedAtMs: 0,
        degradations: 0,
      };
      this.#scores.set(host, score);
    }
    return score;
  }

  #extend(host: Host, detector: RunDetector): void {
    const runs = this.#scoreOf(host).runs;
    if (++runs[detector] < this.#number(detector, RUN_LIMIT)) return;
    runs[detector] = 0;
    if (host.flags.has('failed_outlier_check')) return;
    if (detector === 'consecutive_5xx') this.#stats.ejections_consecutive_5xx.inc();
    this.#detect(host, detector);
  }

  #detect(host: Host, why: Detector): void {
    this.#detected[why].inc();
    const percent = (100 * (this.#active + 1)) / this.#owner.hosts().length;
    const isAllowed =
      percent <= this.#number('max_ejection_percent', 10) ||
      (this.#node.flag('always_eject_one_host') && this.#active === 0);
    if (!isAllowed) return this.#stats.ejections_overflow.inc();
    if (why === 'consecutive_5xx' || why === 'success_rate') this.#stats.ejections_total.inc();
    const enforcing = this.#number(`enforcing_${why}`, ENFORCING[why]);
    const isEnforced = this.#owner.random.below(100) < enforcing;
    if (isEnforced) this.#eject(host, why);
    this.#log(host, why, isEnforced);
  }

  #eject(host: Host, why: Detector): void {
    const score = this.#scoreOf(host);
    score.backOff++;
    score.ejections++;
    score.ejectedAtMs = this.#owner.dispatcher.nowMs;
    host.flags.add('failed_outlier_check');
    this.#setActive(this.#active + 1);
    this.#stats.ejections_enforced_total.inc();
    this.#enforced[why].inc();
    this.#owner.trace?.record({
      kind: 'host_ejected',
      state: 'failed',
      because: this.#node.ref,
      sentence: `${host.address} is out of the rotation: ${why.replaceAll('_', ' ')}.`,
    });
    this.#owner.onFailure(host);
    this.#owner.onChange();
  }

  #log(host: Host, why: Detector, isEnforced: boolean): void {
    const { ejections } = this.#scoreOf(host);
    const first = { type: why.toUpperCase() };
    const event = { cluster_name: this.#owner.clusterName, upstream_url: host.address, action: 'EJECT' };
    this.#owner.log?.write(first, {
      ...event,
      num_ejections: ejections,
      enforced: isEnforced,
      [why.startsWith('consecutive') ? 'eject_consecutive_event' : `eject_${why.replace('local_origin_', '')}_event`]:
        {},
    });
  }

  #armInterval(): void {
    const intervalMs = this.#ms('interval', 10_000);
    this.#owner.dispatcher.createTimer('outlier_interval', intervalMs, () => {
      this.#onInterval();
      this.#armInterval();
    });
  }

  #onInterval(): void {
    for (const [host, score] of this.#scores) {
      if (this.#isOverdue(host, score)) this.#readmit(host);
      if (host.flags.has('degraded_outlier_detection') && this.#isOver(score.degradedAtMs, score.degradations)) {
        host.flags.delete('degraded_outlier_detection');
        this.#owner.onChange();
      }
    }
    const external = this.#takeBuckets('external');
    const local = this.#takeBuckets('local');
    const outliers = [
      ...this.#externalRates.outliers(external),
      ...(this.#isSplit ? this.#localRates.outliers(local) : []),
    ];
    for (const { host, why } of outliers) {
      if (why === 'success_rate') this.#stats.ejections_success_rate.inc();
      if (!host.flags.has('failed_outlier_check')) this.#detect(host, why);
    }
    for (const [host, score] of this.#scores)
      if (!host.flags.has('failed_outlier_check') && score.backOff > 0) score.backOff--;
  }

  /** The requests of the interval that ends; counting starts anew. */
  #takeBuckets(origin: 'external' | 'local'): Map<Host, Bucket> {
    const buckets = new Map<Host, Bucket>();
    for (const [host, score] of this.#scores) {
      buckets.set(host, score[origin]);
      score[origin] = { total: 0, successes: 0 };
    }
    return buckets;
  }

  #isOverdue(host: Host, score: Score): boolean {
    return host.flags.has('failed_outlier_check') && this.#isOver(score.ejectedAtMs, score.backOff);
  }

  /** The time grows with how often it was the host's turn, up to a limit. */
  #isOver(sinceMs: number, times: number): boolean {
    const base = this.#ms('base_ejection_time', 30_000);
    const longest = Math.max(base, this.#ms('max_ejection_time', 300_000));
    return this.#owner.dispatcher.nowMs - sinceMs >= Math.min(base * times, longest);
  }

  #readmit(host: Host): void {
    host.flags.delete('failed_outlier_check');
    Object.assign(this.#scoreOf(host).runs, {
      consecutive_5xx: 0,
      consecutive_gateway_failure: 0,
      consecutive_local_origin_failure: 0,
    });
    const { ejectedAtMs, ejections } = this.#scoreOf(host);
    const sinceS = Math.floor((this.#owner.dispatcher.nowMs - ejectedAtMs) / 1000);
    const ended = { cluster_name: this.#owner.clusterName, upstream_url: host.address, action: 'UNEJECT' };
    this.#owner.log?.write(
      { type: 'CONSECUTIVE_5XX' },
      { secs_since_last_action: String(sinceS), ...ended, num_ejections: ejections, enforced: false },
    );
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
    this.#stats.ejections_active.set(count);
  }
}

function count(bucket: Bucket, isSuccess: boolean): void {
  bucket.total++;
  if (isSuccess) bucket.successes++;
}
