import type { Dispatcher, Timer } from '#sim';
import type { HttpResponse } from '../seams.ts';
import type { PoolStream } from '../upstream/conn_pool.ts';
import type { Host } from '../upstream/host.ts';

export type TryTimeout = 'per_try_timeout' | 'per_try_idle_timeout';

/** What was sent; a tunnel has no answer that could be discarded. */
type Sent = Pick<PoolStream, 'cancel'> & Partial<Pick<PoolStream, 'discard'>>;

/** One try: a request to one host, and the time that it has. Several run side by side where hedging lets them. */
export class UpstreamRequest {
  readonly host: Host;
  /** Another try went out because this one took too long: none will follow for its own answer. */
  isRetried = false;
  /** Outlier detection has heard of its timeout already. */
  isTimeoutScored = false;
  /** Has the filters between router and upstream see the answer. */
  encode: ((response: HttpResponse) => HttpResponse) | undefined;
  #stream: Sent | undefined;
  #timer: Timer | undefined;
  #duration: Timer | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  begin(stream: Sent): void {
    this.#stream = stream;
  }

  arm(dispatcher: Dispatcher, { name, ms }: { name: TryTimeout; ms: number }, onTimeout: () => void): void {
    this.#timer = dispatcher.createTimer(name, ms, onTimeout);
  }

  /** `max_stream_duration` of its cluster. */
  limit(dispatcher: Dispatcher, ms: number, onEnd: () => void): void {
    if (ms > 0) this.#duration = dispatcher.createTimer('upstream_max_stream_duration', ms, onEnd);
  }

  disarm(): void {
    this.#timer?.cancel();
    this.#duration?.cancel();
  }

  /** Nobody waits for its answer any more. */
  reset(): void {
    this.disarm();
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  /** It has its answer, and another one is wanted. One that ended with its headers leaves nothing to wait for. */
  discard(response: HttpResponse, isHttp2: boolean): void {
    const endsWithHeaders = response.body === '' && (!isHttp2 || response.headers.has('grpc-status'));
    if (!endsWithHeaders) this.#stream?.discard?.();
  }
}
