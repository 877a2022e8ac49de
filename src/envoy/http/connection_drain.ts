import type { Dispatcher, Timer } from '#sim';
import type { ConnectionManagerStats } from './connection_manager_stats.ts';
import type { ConnectionManagerSettings } from './settings.ts';

/** What the drain of a connection needs of whoever serves it. */
export interface DrainOwner {
  readonly settings: ConnectionManagerSettings;
  readonly dispatcher: Dispatcher;
  readonly stats: ConnectionManagerStats['http'];
  /** Bytes have come: there is a codec, and a client that can be told. */
  hasCodec(): boolean;
  isBusy(): boolean;
  close(): void;
}

/**
 * How long a connection of clients lives: `idle_timeout` between requests, `max_connection_duration` over all, and the
 * drain that follows both, in which answers say `connection: close` (conn_manager_impl.cc, startDrainSequence).
 * Simplified: the idle timeout of an hour, where none is set, is not waited for.
 */
export class ConnectionDrain {
  readonly #owner: DrainOwner;
  readonly #timers: Timer[] = [];
  #idle: Timer | undefined;
  #state: 'open' | 'draining' | 'closing' = 'open';

  constructor(owner: DrainOwner) {
    this.#owner = owner;
    const { maxConnectionMs } = owner.settings;
    if (maxConnectionMs > 0) this.#arm('max_connection_duration', maxConnectionMs, () => this.#onTooLong());
    this.onIdle();
  }

  /** The next answer is to say that the connection ends. */
  get isDraining(): boolean {
    return this.#state !== 'open';
  }

  /** Nothing more is read from it. */
  get isClosing(): boolean {
    return this.#state === 'closing';
  }

  onBusy(): void {
    this.#idle?.cancel();
    this.#idle = undefined;
  }

  /** Its last request has its answer. */
  onIdle(): void {
    const { connectionIdleMs } = this.#owner.settings;
    if (connectionIdleMs > 0 && this.#state === 'open')
      this.#idle = this.#owner.dispatcher.createTimer('idle_timeout', connectionIdleMs, () => {
        this.#owner.stats.downstream_cx_idle_timeout.inc();
        this.#end();
      });
  }

  /** The client has had its last answer, and a while to close the connection by itself. */
  close(): void {
    this.#arm('delayed_close', this.#owner.settings.delayedCloseMs, () => this.#owner.close());
  }

  cancel(): void {
    this.onBusy();
    for (const timer of this.#timers) timer.cancel();
  }

  #onTooLong(): void {
    this.#owner.stats.downstream_cx_max_duration_reached.inc();
    this.#end();
  }

  #end(): void {
    if (!this.#owner.hasCodec()) return this.#owner.close();
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    this.#arm('drain_timeout', this.#owner.settings.drainTimeoutMs, () => {
      this.#state = 'closing';
      if (!this.#owner.isBusy()) this.close();
    });
  }

  #arm(name: string, ms: number, run: () => void): void {
    this.#timers.push(this.#owner.dispatcher.createTimer(name, ms, run));
  }
}
