import type { Dispatcher, Random, Timer } from '#sim';
import type { LogFiles } from '../access_log/access_loggers.ts';
import type { ConfigNode } from '../config_node.ts';
import type { HealthAnswer, UpstreamNetwork } from '../seams.ts';
import { createStats, type StatSet } from '../stats/stat_set.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import { HealthEvents, type CheckFailure } from './health_events.ts';
import { HealthProbe, type Outcome } from './health_probe.ts';
import { healthIntervals, type HealthIntervals, type Transition } from './health_intervals.ts';
import type { Host } from './host.ts';

interface Owner {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly network: UpstreamNetwork;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly statName: string;
  readonly clusterName: string;
  readonly files: LogFiles;
  /** Whether the cluster speaks HTTP/2. */
  readonly isHttp2: boolean;
  readonly hasTraffic: () => boolean;
  /** A host has failed its checks. */
  readonly onFailure: (host: Host) => void;
  readonly onChange: () => void;
  /** A host has passed, whatever it was before. */
  readonly onPass: (host: Host) => void;
}

interface Session {
  failures: number;
  successes: number;
  isFirst: boolean;
  /** By these checks: the host is out as long as any of its cluster's checks has it failing. */
  isFailing: boolean;
  /** Of the check that is under way. */
  timeout: Timer | undefined;
}

const FAILURE_TYPES: Partial<Record<Outcome, CheckFailure['type']>> = {
  network: 'NETWORK',
  timeout: 'NETWORK_TIMEOUT',
};

const COUNTERS = ['attempt', 'success', 'failure', 'passive_failure', 'network_failure', 'verify_cluster'] as const;
const GAUGES = ['healthy', 'degraded'] as const;

/** Asks the hosts of a cluster how they are: health_checker_base_impl.cc. */
export class HealthChecker {
  readonly #node: ConfigNode;
  readonly #owner: Owner;
  readonly #stats: StatSet<(typeof COUNTERS)[number], (typeof GAUGES)[number], never>;
  readonly #watched = new Map<Host, Session>();
  readonly #intervals: HealthIntervals;
  readonly #probe: HealthProbe;
  readonly #events: HealthEvents;
  #firstRound: { readonly waiting: Set<Host>; readonly done: () => void } | undefined;

  constructor(node: ConfigNode, owner: Owner) {
    this.#node = node;
    this.#owner = owner;
    // Those of the cluster as a whole are there whatever the checks are called.
    createStats(owner.stats, `cluster.${owner.statName}.health_check.`, { gauges: GAUGES });
    const name = node.text('name') ?? '';
    const prefix = `cluster.${owner.statName}.health_check.${name === '' ? '' : `name.${name}.`}`;
    this.#stats = createStats(owner.stats, prefix, { counters: COUNTERS, gauges: GAUGES });
    this.#intervals = healthIntervals(node, owner.random);
    this.#probe = new HealthProbe(node, owner.isHttp2);
    const { files, clusterName, dispatcher } = owner;
    this.#events = new HealthEvents(node, { files, clusterName, nowMs: () => dispatcher.nowMs });
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
    if (this.#probe.isDisabled(host)) return;
    const session: Session = { failures: 0, successes: 0, isFirst: true, isFailing: true, timeout: undefined };
    this.#watched.set(host, session);
    host.failChecks(this, true);
    this.#check(host, session);
  }

  /** An answer to a request said that the host is unwell: `x-envoy-immediate-health-check-fail`. */
  failPassively(host: Host): void {
    const session = this.#watched.get(host);
    if (!session) return;
    this.#stats.failure.inc();
    this.#stats.passive_failure.inc();
    host.flags.add('excluded_via_immediate_hc_fail');
    if (this.#fall(host, session, true) !== 'changed') return;
    this.#events.ejected(host, { type: 'PASSIVE', status: 0 });
    this.#tell(host);
  }

  #check(host: Host, session: Session): void {
    this.#stats.attempt.inc();
    const timeout = this.#owner.dispatcher.createTimer('health_check_timeout', this.#probe.timeoutMs, () =>
      this.#onAnswer(host, session, 'timeout'),
    );
    session.timeout = timeout;
    this.#owner.network.checkHealth(this.#probe.questionFor(host), (answer) => {
      // What comes too late counts no more.
      if (session.timeout !== timeout) return;
      timeout.cancel();
      this.#onAnswer(host, session, answer);
    });
  }

  #onAnswer(host: Host, session: Session, answer: HealthAnswer | 'timeout' | undefined): void {
    session.timeout = undefined;
    if (this.#watched.get(host) !== session) return;
    const outcome = this.#judge(answer);
    const isPass = outcome === 'pass' || outcome === 'degraded';
    const status = typeof answer === 'object' ? answer.status : 0;
    const transition = isPass
      ? this.#rise(host, session, outcome === 'degraded')
      : this.#fail(host, session, { outcome, status: this.#probe.isHttp ? status : 0 });
    session.isFirst = false;
    if (transition === 'changed') this.#tell(host);
    if (isPass) this.#owner.onPass(host);
    this.#wasAsked(host);
    const waitMs = this.#intervals.next(isPass, transition, this.#owner.hasTraffic());
    this.#owner.dispatcher.createTimer('health_check', waitMs, () => {
      if (this.#watched.get(host) === session) this.#check(host, session);
    });
  }

  #judge(answer: HealthAnswer | 'timeout' | undefined): Outcome {
    if (answer === undefined) return 'network';
    if (answer === 'timeout') return 'timeout';
    const { outcome, isVerified } = this.#probe.judge(answer);
    if (isVerified) this.#stats.verify_cluster.inc();
    return outcome;
  }

  /** The first check of a host counts at once; later ones only after enough in a row. */
  #rise(host: Host, session: Session, isDegraded: boolean): Transition {
    this.#stats.success.inc();
    session.failures = 0;
    host.flags.delete('excluded_via_immediate_hc_fail');
    let transition: Transition = 'unchanged';
    if (session.isFailing) {
      const isEnough = session.isFirst || ++session.successes === (this.#node.number('healthy_threshold') ?? 1);
      if (isEnough) {
        session.isFailing = false;
        host.failChecks(this, false);
        this.#showGauges();
        host.healthySinceMs = this.#owner.dispatcher.nowMs;
        this.#events.added(host, session.isFirst);
      }
      transition = !isEnough ? 'pending' : host.flags.has('failed_active_hc') ? 'unchanged' : 'changed';
    }
    this.#events.passed(host);
    if (isDegraded !== host.flags.has('degraded_active_hc')) {
      if (isDegraded) host.flags.add('degraded_active_hc');
      else host.flags.delete('degraded_active_hc');
      this.#events.degraded(host, isDegraded);
      transition = 'changed';
    }
    return transition;
  }

  /** A status that is neither expected nor to be tried again needs no second failure. */
  #fail(host: Host, session: Session, { outcome, status }: { outcome: Outcome; status: number }): Transition {
    this.#stats.failure.inc();
    if (outcome === 'network' || outcome === 'timeout') this.#stats.network_failure.inc();
    const failure = { type: FAILURE_TYPES[outcome] ?? 'ACTIVE', status };
    const transition = this.#fall(host, session, outcome === 'fail');
    if (transition === 'changed') this.#events.ejected(host, failure);
    this.#events.failed(host, failure, session.isFirst);
    return transition;
  }

  #fall(host: Host, session: Session, isAtOnce: boolean): Transition {
    session.successes = 0;
    if (session.isFailing) return 'unchanged';
    if (!isAtOnce && ++session.failures < (this.#node.number('unhealthy_threshold') ?? 1)) return 'pending';
    const wasFailing = host.flags.has('failed_active_hc');
    session.isFailing = true;
    host.failChecks(this, true);
    this.#showGauges();
    if (wasFailing) return 'unchanged';
    this.#owner.onFailure(host);
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
    this.#stats.healthy.set([...this.#watched.values()].filter(({ isFailing }) => !isFailing).length);
    this.#stats.degraded.set(hosts.filter((host) => host.flags.has('degraded_active_hc')).length);
  }
}
