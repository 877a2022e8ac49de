import type { Dispatcher, Random } from '#sim';
import type { HeaderMap } from '../http/header_map.ts';
import type { HttpResponse } from '../seams.ts';
import type { Trace } from '../trace.ts';
import type { CircuitBreaker } from '../upstream/circuit_breaker.ts';
import type { Failure, RetryPolicy } from './retry_policy.ts';
import type { UpstreamCounts } from './upstream_counts.ts';

interface RetryOwner {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly trace: Trace | undefined;
  readonly breaker: CircuitBreaker;
  readonly counts: UpstreamCounts;
}

/** How many more tries one request may have, and when: router/retry_state_impl.cc. */
export class RetryState {
  readonly #policy: RetryPolicy;
  readonly #owner: RetryOwner;
  #isRetrying = false;

  constructor(policy: RetryPolicy, owner: RetryOwner) {
    this.#policy = policy;
    this.#owner = owner;
  }

  wantsResponse(response: HttpResponse, request: HeaderMap): boolean {
    return this.#policy.retriesResponse(response, request);
  }

  wantsFailure(failure: Failure): boolean {
    return this.#policy.retriesFailure(failure);
  }

  /** Schedules another try after this many, or says by which flag there is none. */
  schedule(attempts: number, response: HttpResponse | undefined, run: () => void): 'URX' | 'UO' | undefined {
    const { breaker, counts, dispatcher, random, trace } = this.#owner;
    if (attempts > this.#policy.retries) {
      counts.countEverywhere('upstream_rq_retry_limit_exceeded');
      return 'URX';
    }
    if (!this.#isRetrying && !breaker.canCreate('retries')) {
      counts.countEverywhere('upstream_rq_retry_overflow');
      return 'UO';
    }
    if (!this.#isRetrying) breaker.take('retries');
    this.#isRetrying = true;
    if (response) counts.retried(response.status);
    const { ms, kind } = this.#policy.backOff(attempts, response, random);
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
    if (this.#isRetrying) this.#owner.breaker.give('retries');
    this.#isRetrying = false;
  }
}
