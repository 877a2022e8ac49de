import type { AdsStream, AdsStreamCallbacks, XdsRequest } from '#xds';
import type { Dispatcher } from '#sim';
import type { StatsStore } from '../stats/store.ts';
import type { MuxStreamCallbacks } from './mux.ts';

/** `config_subscription` of Envoy: a first wait of half a second, doubled up to half a minute. */
const RETRY_INITIAL_MS = 500;
const RETRY_MAX_MS = 30_000;

/** Opens a stream to the management server; `undefined` where there is no host to send to. */
export type OpenStream = (callbacks: AdsStreamCallbacks) => AdsStream | undefined;

/** The stream of a mux, made anew when it breaks: grpc_stream.h. */
export class MuxStream {
  readonly #open: OpenStream;
  readonly #callbacks: MuxStreamCallbacks;
  readonly #dispatcher: Dispatcher;
  readonly #stats: StatsStore;
  #stream: AdsStream | undefined;
  #backOffMs = RETRY_INITIAL_MS;

  constructor(open: OpenStream, callbacks: MuxStreamCallbacks, owner: { dispatcher: Dispatcher; stats: StatsStore }) {
    this.#open = open;
    this.#callbacks = callbacks;
    this.#dispatcher = owner.dispatcher;
    this.#stats = owner.stats;
    owner.stats.declare('control_plane.rate_limit_enforced');
    owner.stats.textReadout('control_plane.identifier').set('');
    owner.stats.set('control_plane.connected_state', 0);
    owner.stats.set('control_plane.pending_requests', 0);
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  send(request: XdsRequest): void {
    this.#stream?.send(request);
  }

  establish(): void {
    this.#stream = this.#open({
      onResponse: (response) => {
        // Only an answer shows that the server is well: a stream that opens and breaks goes on backing off.
        this.#backOffMs = RETRY_INITIAL_MS;
        this.#callbacks.onResponse(response);
      },
      onClose: () => this.#onClose(),
    });
    if (!this.#stream) return this.#onClose();
    this.#stats.set('control_plane.connected_state', 1);
    this.#callbacks.onStreamEstablished();
  }

  #onClose(): void {
    this.#stream = undefined;
    this.#stats.set('control_plane.connected_state', 0);
    this.#callbacks.onStreamFailed();
    // Simplified: Envoy waits a random part of the back-off; here it is always half.
    const waitMs = this.#backOffMs / 2;
    this.#backOffMs = Math.min(this.#backOffMs * 2, RETRY_MAX_MS);
    this.#dispatcher.createTimer('xds_retry', waitMs, () => this.establish());
  }
}
