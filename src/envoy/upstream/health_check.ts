import { durationMs } from '#api';
import type { Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { HealthAnswer, UpstreamNetwork } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import type { Host } from './host.ts';

interface Owner {
  readonly dispatcher: Dispatcher;
  readonly network: UpstreamNetwork;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly statName: string;
  readonly hasTraffic: () => boolean;
  readonly onChange: () => void;
}

interface Session {
  failures: number;
  successes: number;
  isFirst: boolean;
}

type Outcome = 'pass' | 'degraded' | 'fail' | 'fail_at_once';

/** Asks the hosts of a cluster how they are: health_checker_base_impl.cc. */
export class HealthChecker {
  readonly #node: ConfigNode;
  readonly #owner: Owner;
  readonly #watched = new Set<Host>();

  constructor(node: ConfigNode, owner: Owner) {
    this.#node = node;
    this.#owner = owner;
  }

  /** No more checks, of any host. */
  stop(): void {
    this.#watched.clear();
  }

  forget(host: Host): void {
    this.#watched.delete(host);
  }

  /** Until its first check has passed a host gets nothing. */
  watch(host: Host): void {
    this.#watched.add(host);
    host.flags.add('failed_active_hc');
    this.#check(host, { failures: 0, successes: 0, isFirst: true });
  }

  #check(host: Host, session: Session): void {
    this.#count('attempt');
    const kind = this.#node.has('tcp_health_check') ? 'tcp' : this.#node.has('grpc_health_check') ? 'grpc' : 'http';
    this.#owner.network.checkHealth(host.address, kind, (answer) => {
      if (!this.#watched.has(host)) return;
      this.#take(host, session, this.#judge(answer, kind));
      session.isFirst = false;
      const always = durationMs(this.#node.text('interval')) ?? 0;
      const quiet = durationMs(this.#node.text('no_traffic_interval')) ?? 60_000;
      this.#owner.dispatcher.createTimer('health_check', this.#owner.hasTraffic() ? always : quiet, () =>
        this.#again(host, session),
      );
    });
  }

  #again(host: Host, session: Session): void {
    if (this.#watched.has(host)) this.#check(host, session);
  }

  #judge(answer: HealthAnswer | undefined, kind: string): Outcome {
    if (!answer) {
      this.#count('network_failure');
      return 'fail';
    }
    if (kind === 'tcp') return 'pass';
    if (kind === 'grpc') return answer.serving === true ? 'pass' : 'fail_at_once';
    const expected = this.#node.child('http_health_check')?.list('expected_statuses') ?? [];
    const isExpected =
      expected.length === 0
        ? answer.status === 200
        : expected.some(
            (range) => answer.status >= (range.number('start') ?? 0) && answer.status < (range.number('end') ?? 0),
          );
    if (isExpected) return answer.headers.has('x-envoy-degraded') ? 'degraded' : 'pass';
    return answer.status === 503 ? 'fail_at_once' : 'fail';
  }

  #take(host: Host, session: Session, outcome: Outcome): void {
    const isPass = outcome === 'pass' || outcome === 'degraded';
    this.#count(isPass ? 'success' : 'failure');
    const before = host.health;
    if (isPass) {
      session.failures = 0;
      session.successes++;
      if (session.isFirst || session.successes >= (this.#node.number('healthy_threshold') ?? 1))
        host.flags.delete('failed_active_hc');
      if (outcome === 'degraded') host.flags.add('degraded_active_hc');
      else host.flags.delete('degraded_active_hc');
    } else {
      session.successes = 0;
      session.failures++;
      if (outcome === 'fail_at_once' || session.failures >= (this.#node.number('unhealthy_threshold') ?? 1))
        host.flags.add('failed_active_hc');
    }
    if (host.health === before) return;
    this.#owner.trace?.record({
      kind: 'health_changed',
      state: host.health === 'healthy' ? 'info' : 'failed',
      because: this.#node.ref,
      sentence: `${host.address} is ${host.health} now, by its health check.`,
    });
    this.#owner.onChange();
  }

  #count(name: string): void {
    this.#owner.stats.add(`cluster.${this.#owner.statName}.health_check.${name}`);
  }
}
