import type { Dispatcher, Random } from '#sim';
import type { HeaderMap } from '../http/header_map.ts';
import type { HttpResponse } from '../seams.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Trace } from '../trace.ts';
import type { CircuitBreaker } from '../upstream/circuit_breaker.ts';
import type { Failure, RetryPolicy } from './retry_policy.ts';
import type { UpstreamCounts } from './upstream_counts.ts';

/** `upstream.use_retry`. */
const ALWAYS = { numerator: 100, denominator: 100 };

interface RetryServices {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly trace: Trace | undefined;
}

/** How many more tries one request may have, and when: router/retry_state_impl.cc. */
export class RetryState {
  readonly #policy: RetryPolicy;
  readonly #services: RetryServices;
  readonly #breaker: CircuitBreaker;
  readonly #counts: UpstreamCounts;
  #isRetrying = false;

  constructor(policy: RetryPolicy, services: RetryServices, breaker: CircuitBreaker, counts: UpstreamCounts) {
    this.#policy = policy;
    this.#services = services;
    this.#breaker = breaker;
    this.#counts = counts;
  }

  /** Nothing is ever retried. */
  get isOff(): boolean {
    return this.#policy.conditions.size === 0;
  }

  wantsResponse(response: HttpResponse, request: HeaderMap): boolean {
    return this.#policy.retriesResponse(response, request);
  }

  wantsFailure(failure: Failure): boolean {
    return this.#policy.retriesFailure(failure);
  }

  /** Schedules another try after this many, or says by which flag there is none; what it counts then is of that try. */
  schedule(
    attempts: number,
    response: HttpResponse | undefined,
    onDecided: () => void,
    run: () => void,
  ): 'URX' | 'UO' | 'off' | undefined {
    const { dispatcher, random, runtime, trace } = this.#services;
    const [breaker, counts] = [this.#breaker, this.#counts];
    if (attempts > this.#policy.retries) {
      counts.countEverywhere('upstream_rq_retry_limit_exceeded');
      return 'URX';
    }
    if (!this.#isRetrying && !breaker.canCreate('retries')) {
      counts.countEverywhere('upstream_rq_retry_overflow');
      return 'UO';
    }
    if (!runtime.isEnabled('upstream.use_retry', ALWAYS, random.below(ALWAYS.denominator))) return 'off';
    if (!this.#isRetrying) breaker.take('retries');
    this.#isRetrying = true;
    if (response) counts.retried(response.status);
    onDecided();
    const { ms, kind } = this.#policy.backOff(attempts, response, { random, nowMs: dispatcher.nowMs });
    trace?.record({
      kind: 'retry_scheduled',
      state: 'info',
      ...(this.#policy.node && { because: this.#policy.node.ref }),
      sentence: `Try ${attempts + 1} of at most ${this.#policy.retries + 1} follows in ${ms} ms.`,
    });
    dispatcher.createTimer('retry', ms, () => {
      counts.countEverywhere('upstream_rq_retry');
      counts.count(`upstream_rq_retry_backoff_${kind}`);
      run();
    });
    return undefined;
  }

  /** The request is over: another may retry in its place. */
  release(): void {
    if (this.#isRetrying) this.#breaker.give('retries');
    this.#isRetrying = false;
  }
}
