import type { Dispatcher, Timer } from '#sim';
import type { ClusterHttpOptions } from './cluster_http_options.ts';

interface Owner {
  readonly dispatcher: Dispatcher;
  readonly http: ClusterHttpOptions;
  readonly isMultiplexed: boolean;
  readonly onIdleTimeout: (connection: PoolConnection) => void;
  readonly onMaxDuration: (connection: PoolConnection) => void;
}

/** One connection of a pool, how many streams it has and may have, and the timers that end it: conn_pool_base.cc, ActiveClient. */
export class PoolConnection {
  readonly #owner: Owner;
  readonly #maxStreams: number;
  #active = 0;
  #remaining: number;
  /** It serves what it has, and nothing more. */
  isDraining = false;
  #idle: Timer | undefined;
  readonly #life: Timer | undefined;

  constructor(owner: Owner) {
    const { http, dispatcher } = owner;
    this.#owner = owner;
    this.#maxStreams = owner.isMultiplexed ? http.maxConcurrentStreams : 1;
    this.#remaining = http.maxRequestsPerConnection;
    this.#life =
      http.maxConnectionMs > 0
        ? dispatcher.createTimer('upstream_cx_max_duration', http.maxConnectionMs, () => owner.onMaxDuration(this))
        : undefined;
    this.#armIdle();
  }

  get active(): number {
    return this.#active;
  }

  /** How many more streams it can have now. */
  get capacity(): number {
    return this.isDraining ? 0 : Math.min(this.#maxStreams - this.#active, this.#remaining);
  }

  /** True for the last stream that it may have. */
  take(): boolean {
    this.#idle?.cancel();
    this.#active++;
    this.#remaining--;
    if (this.#remaining > 0) return false;
    this.isDraining = true;
    return true;
  }

  give(): void {
    this.#active--;
    if (this.#active === 0) this.#armIdle();
  }

  /** The connection is gone. */
  end(): void {
    this.isDraining = true;
    this.#idle?.cancel();
    this.#life?.cancel();
  }

  #armIdle(): void {
    const { dispatcher, http, onIdleTimeout } = this.#owner;
    if (http.idleTimeoutMs > 0)
      this.#idle = dispatcher.createTimer('upstream_cx_idle_timeout', http.idleTimeoutMs, () => onIdleTimeout(this));
  }
}
