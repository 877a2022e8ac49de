import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';
import type { HealthAnswer, UpstreamNetwork } from '../seams.ts';
import { createStats, type StatSet } from '../stats/stat_set.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import { healthIntervals, type HealthIntervals, type Transition } from './health_intervals.ts';
import type { Host } from './host.ts';

interface Owner {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly network: UpstreamNetwork;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly statName: string;
  readonly hasTraffic: () => boolean;
  readonly onChange: () => void;
  /** A host has passed, whatever it was before. */
  readonly onPass: (host: Host) => void;
}

interface Session {
  failures: number;
  successes: number;
  isFirst: boolean;
}

type Outcome = 'pass' | 'degraded' | 'retriable' | 'fail' | 'network';

const COUNTERS = ['attempt', 'success', 'failure', 'passive_failure', 'network_failure', 'verify_cluster'] as const;
const GAUGES = ['healthy', 'degraded'] as const;

/** Asks the hosts of a cluster how they are: health_checker_base_impl.cc. */
export class HealthChecker {
  readonly #node: ConfigNode;
  readonly #owner: Owner;
  readonly #stats: StatSet<(typeof COUNTERS)[number], (typeof GAUGES)[number], never>;
  readonly #watched = new Map<Host, Session>();
  readonly #intervals: HealthIntervals;
  readonly #kind: 'http' | 'tcp' | 'grpc';
  #firstRound: { readonly waiting: Set<Host>; readonly done: () => void } | undefined;

  constructor(node: ConfigNode, owner: Owner) {
    this.#node = node;
    this.#owner = owner;
    const prefix = `cluster.${owner.statName}.health_check.`;
    this.#stats = createStats(owner.stats, prefix, { counters: COUNTERS, gauges: GAUGES });
    this.#intervals = healthIntervals(node, owner.random);
    this.#kind = node.has('tcp_health_check') ? 'tcp' : node.has('grpc_health_check') ? 'grpc' : 'http';
  }

  /** No more checks, of any host. */
  stop(): void {
    this.#watched.clear();
  }

  /** Calls back when every host that is watched now has been asked once: a cluster is not used before. */
  afterFirstRound(done: () => void): void {
    const waiting = new Set([...this.#watched].flatMap(([host, { isFirst }]) => (isFirst ? [host] : [])));
    if (waiting.size === 0) return done();
    this.#firstRound = { waiting, done };
  }

  #wasAsked(host: Host): void {
    if (!this.#firstRound?.waiting.delete(host) || this.#firstRound.waiting.size > 0) return;
    const { done } = this.#firstRound;
    this.#firstRound = undefined;
    done();
  }

  forget(host: Host): void {
    this.#watched.delete(host);
    this.#wasAsked(host);
    this.#showGauges();
  }

  /** Until its first check has passed a host gets nothing. */
  watch(host: Host): void {
    const session = { failures: 0, successes: 0, isFirst: true };
    this.#watched.set(host, session);
    host.flags.add('failed_active_hc');
    this.#check(host, session);
  }

  /** An answer to a request said that the host is unwell: `x-envoy-immediate-health-check-fail`. */
  failPassively(host: Host): void {
    const session = this.#watched.get(host);
    if (!session) return;
    this.#stats.failure.inc();
    this.#stats.passive_failure.inc();
    host.flags.add('excluded_via_immediate_hc_fail');
    if (this.#fall(host, session, true) === 'changed') this.#tell(host);
  }

  #check(host: Host, session: Session): void {
    this.#stats.attempt.inc();
    this.#owner.network.checkHealth(host.address, this.#kind, (answer) => {
      if (this.#watched.get(host) !== session) return;
      const outcome = this.#judge(answer);
      const isPass = outcome === 'pass' || outcome === 'degraded';
      const transition = isPass
        ? this.#rise(host, session, outcome === 'degraded')
        : this.#fail(host, session, outcome);
      session.isFirst = false;
      if (transition === 'changed') this.#tell(host);
      if (isPass) this.#owner.onPass(host);
      this.#wasAsked(host);
      const waitMs = this.#intervals.next(isPass, transition, this.#owner.hasTraffic());
      this.#owner.dispatcher.createTimer('health_check', waitMs, () => {
        if (this.#watched.get(host) === session) this.#check(host, session);
      });
    });
  }

  #judge(answer: HealthAnswer | undefined): Outcome {
    if (!answer) return 'network';
    if (this.#kind === 'tcp') return 'pass';
    if (this.#kind === 'grpc') return answer.serving === true ? 'pass' : 'fail';
    return this.#judgeHttp(answer);
  }

  #judgeHttp(answer: HealthAnswer): Outcome {
    const node = this.#node.child('http_health_check');
    const expected = node?.list('expected_statuses') ?? [];
    const isExpected = expected.length === 0 ? answer.status === 200 : isInRanges(answer.status, expected);
    if (!isExpected) return isInRanges(answer.status, node?.list('retriable_statuses') ?? []) ? 'retriable' : 'fail';
    const matcher = node?.child('service_name_matcher');
    if (matcher) {
      this.#stats.verify_cluster.inc();
      const name = answer.headers.get('x-envoy-upstream-healthchecked-cluster') ?? '';
      if (compileStringMatcher(matcher)(name) !== undefined) return 'fail';
    }
    return answer.headers.has('x-envoy-degraded') ? 'degraded' : 'pass';
  }

  /** The first check of a host counts at once; later ones only after enough in a row. */
  #rise(host: Host, session: Session, isDegraded: boolean): Transition {
    this.#stats.success.inc();
    session.failures = 0;
    host.flags.delete('excluded_via_immediate_hc_fail');
    let transition: Transition = 'unchanged';
    if (host.flags.has('failed_active_hc')) {
      const isEnough = session.isFirst || ++session.successes === (this.#node.number('healthy_threshold') ?? 1);
      if (isEnough) {
        host.flags.delete('failed_active_hc');
        host.healthySinceMs = this.#owner.dispatcher.nowMs;
      }
      transition = isEnough ? 'changed' : 'pending';
    }
    if (isDegraded !== host.flags.has('degraded_active_hc')) {
      if (isDegraded) host.flags.add('degraded_active_hc');
      else host.flags.delete('degraded_active_hc');
      transition = 'changed';
    }
    return transition;
  }

  /** A status that is neither expected nor to be tried again needs no second failure. */
  #fail(host: Host, session: Session, outcome: Outcome): Transition {
    this.#stats.failure.inc();
    if (outcome === 'network') this.#stats.network_failure.inc();
    return this.#fall(host, session, outcome === 'fail');
  }

  #fall(host: Host, session: Session, isAtOnce: boolean): Transition {
    session.successes = 0;
    if (host.flags.has('failed_active_hc')) return 'unchanged';
    if (!isAtOnce && ++session.failures < (this.#node.number('unhealthy_threshold') ?? 1)) return 'pending';
    host.flags.add('failed_active_hc');
    return 'changed';
  }

  #tell(host: Host): void {
    this.#showGauges();
    this.#owner.trace?.record({
      kind: 'health_changed',
      state: host.health === 'healthy' ? 'info' : 'failed',
      because: this.#node.ref,
      sentence: `${host.address} is ${host.health} now, by its health check.`,
    });
    this.#owner.onChange();
  }

  #showGauges(): void {
    const hosts = [...this.#watched.keys()];
    this.#stats.healthy.set(hosts.filter((host) => !host.flags.has('failed_active_hc')).length);
    this.#stats.degraded.set(hosts.filter((host) => host.flags.has('degraded_active_hc')).length);
  }
}

const isInRanges = (status: number, ranges: readonly ConfigNode[]): boolean =>
  ranges.some((range) => status >= (range.number('start') ?? 0) && status < (range.number('end') ?? 0));
