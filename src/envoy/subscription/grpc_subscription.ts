import type { Dispatcher, Timer } from '#sim';
import type { XdsType } from '#xds';
import type { Mux, Watch, WatchCallbacks } from './mux.ts';
import type { Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionStats } from './subscription_stats.ts';

/** A subscription over a stream: grpc_subscription_impl.cc. */
export class GrpcSubscription implements Subscription {
  readonly #mux: Mux;
  readonly #type: XdsType;
  readonly #callbacks: SubscriptionCallbacks;
  readonly #stats: SubscriptionStats;
  readonly #dispatcher: Dispatcher;
  readonly #initialFetchTimeoutMs: number;
  /** A mux of its own is started with its first subscription; that of ADS by the cluster manager. */
  readonly #ownsMux: boolean;
  #timer: Timer | undefined;
  #watch: Watch | undefined;

  constructor(
    mux: Mux,
    type: XdsType,
    callbacks: SubscriptionCallbacks,
    owner: { stats: SubscriptionStats; dispatcher: Dispatcher; initialFetchTimeoutMs: number; ownsMux: boolean },
  ) {
    this.#mux = mux;
    this.#type = type;
    this.#callbacks = callbacks;
    this.#stats = owner.stats;
    this.#dispatcher = owner.dispatcher;
    this.#initialFetchTimeoutMs = owner.initialFetchTimeoutMs;
    this.#ownsMux = owner.ownsMux;
  }

  start(names: readonly string[]): void {
    if (this.#initialFetchTimeoutMs > 0)
      this.#timer = this.#dispatcher.createTimer('initial_fetch_timeout', this.#initialFetchTimeoutMs, () => {
        this.#timer = undefined;
        this.#stats.count('init_fetch_timeout');
        this.#callbacks.onConfigUpdateFailed('fetch_timed_out');
        this.#stats.count('update_attempt');
      });
    this.#watch = this.#mux.addWatch(this.#type, names, this.#watchCallbacks());
    this.#stats.count('update_attempt');
    if (this.#ownsMux) this.#mux.start();
  }

  update(names: readonly string[]): void {
    this.#watch?.update(names);
    this.#stats.count('update_attempt');
  }

  stop(): void {
    this.#timer?.cancel();
    this.#watch?.remove();
    this.#watch = undefined;
  }

  #watchCallbacks(): WatchCallbacks {
    return {
      onConfigUpdate: (resources, version) => {
        this.#timer?.cancel();
        const refusal = this.#callbacks.onConfigUpdate(resources, version);
        if (refusal !== undefined) return refusal;
        this.#stats.succeed(version);
        this.#stats.count('update_attempt');
        return undefined;
      },
      onDeltaUpdate: (added, removed, version) => {
        this.#timer?.cancel();
        // Delta counts the attempt before it is made, so that one which is refused counts twice.
        this.#stats.count('update_attempt');
        const refusal = this.#callbacks.onDeltaUpdate(added, removed, version);
        if (refusal === undefined) this.#stats.succeed(version);
        return refusal;
      },
      onRejected: () => {
        this.#timer?.cancel();
        this.#stats.count('update_rejected');
        this.#callbacks.onConfigUpdateFailed('update_rejected');
        this.#stats.count('update_attempt');
      },
      // Nobody is told: what was there stays, and what is waited for may still come.
      onConnectionFailure: () => {
        this.#stats.count('update_failure');
        this.#stats.count('update_attempt');
      },
    };
  }
}
