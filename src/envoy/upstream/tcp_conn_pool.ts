import type { Dispatcher, Timer } from '#sim';
import type { TransportSocketOptions, UpstreamTransportSocket } from '../network/transport_socket.ts';
import { bytes, type Payload } from '../network/payload.ts';
import type { UpstreamNetwork, UpstreamSocket } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { CircuitBreaker } from './circuit_breaker.ts';
import type { Host } from './host.ts';
import { bindFailure } from './source_address.ts';

/** Why there is no connection: envoy/common/conn_pool.h, PoolFailureReason. */
export type PoolFailure = 'overflow' | 'local_connection_failure' | 'remote_connection_failure' | 'timeout';

export interface TcpPoolCallbacks {
  onPoolReady(): void;
  /** `transportFailure` is what UPSTREAM_TRANSPORT_FAILURE_REASON will say. */
  onPoolFailure(reason: PoolFailure, transportFailure: string): void;
  onData(payload: Payload): void;
  onClose(how: 'fin' | 'reset'): void;
}

export interface TcpPoolOwner {
  readonly network: UpstreamNetwork;
  readonly dispatcher: Dispatcher;
  readonly breaker: CircuitBreaker;
  readonly stats: StatsStore;
  readonly statName: string;
  readonly connectTimeoutMs: number;
  readonly transportSocket: UpstreamTransportSocket;
}

/** A connection of bytes to one host, for one downstream connection: tcp/conn_pool.cc. It is never used again. */
export class TcpConnection {
  readonly #host: Host;
  readonly #owner: TcpPoolOwner;
  readonly #callbacks: TcpPoolCallbacks;
  readonly #prefix: string;
  #socket: UpstreamSocket | undefined;
  #timer: Timer | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';

  constructor(host: Host, owner: TcpPoolOwner, options: TransportSocketOptions, callbacks: TcpPoolCallbacks) {
    this.#host = host;
    this.#owner = owner;
    this.#callbacks = callbacks;
    this.#prefix = `cluster.${owner.statName}.`;
    this.#connect(options);
  }

  write(payload: Payload): void {
    this.#socket?.write(payload);
  }

  end(): void {
    this.#socket?.end();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#socket?.destroy();
    this.#release();
  }

  #connect(options: TransportSocketOptions): void {
    const { breaker, network, dispatcher, connectTimeoutMs, transportSocket } = this.#owner;
    breaker.take('connections');
    for (const name of ['upstream_cx_total', 'upstream_rq_pending_total']) this.#count(name);
    this.#timer = dispatcher.createTimer('connect_timeout', connectTimeoutMs, () => this.#fail('timeout', ''));
    const unbound = bindFailure(this.#host.source, this.#host.address);
    if (unbound !== undefined) return network.whenConnected(() => this.#fail('local_connection_failure', unbound));
    const handshake = transportSocket.handshake?.(network.tlsOf(this.#host.address), options);
    const seen = handshake && !('failure' in handshake) ? handshake.seen : undefined;
    this.#socket = network.connect(this.#host.address, seen, {
      onConnected: () => {
        if (this.#state !== 'connecting') return;
        if (handshake && 'failure' in handshake) {
          this.#count(`ssl.${handshake.counter}`);
          return this.#fail('remote_connection_failure', handshake.failure);
        }
        if (handshake) this.#count('ssl.handshake');
        this.#open(options);
      },
      onFailed: (failure) => {
        if (failure === 'refused') this.#fail('remote_connection_failure', 'delayed_connect_error:_Connection_refused');
      },
      onData: (payload) => {
        if (this.#state === 'open') this.#callbacks.onData(payload);
      },
      onClose: (how) => {
        if (this.#state !== 'open') return;
        if (how === 'reset') this.#release();
        this.#callbacks.onClose(how);
      },
    });
  }

  #open(options: TransportSocketOptions): void {
    this.#state = 'open';
    this.#timer?.cancel();
    this.#count('upstream_rq_total');
    this.#host.stats.cx_total++;
    const preamble = this.#owner.transportSocket.preamble?.(options);
    if (preamble !== undefined) this.#socket?.write(bytes(preamble));
    this.#callbacks.onPoolReady();
  }

  #fail(reason: PoolFailure, transportFailure: string): void {
    if (this.#state !== 'connecting') return;
    this.#count('upstream_cx_connect_fail');
    if (reason === 'timeout') this.#count('upstream_cx_connect_timeout');
    this.#count('upstream_rq_pending_failure_eject');
    this.#host.stats.cx_connect_fail++;
    this.#socket?.destroy();
    this.#release();
    this.#callbacks.onPoolFailure(reason, transportFailure);
  }

  #release(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#owner.breaker.give('connections');
  }

  #count(name: string): void {
    this.#owner.stats.add(this.#prefix + name);
  }
}
