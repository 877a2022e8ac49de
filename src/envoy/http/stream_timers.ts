import type { Dispatcher, Timer } from '#sim';
import type { ConnectionManagerStats } from './connection_manager_stats.ts';
import type { ConnectionManagerSettings } from './settings.ts';
import type { Stream } from './stream.ts';

const DEADLINE_EXCEEDED = 4;

/** What a stream's timers need of its connection manager. */
export interface StreamTimersOwner {
  readonly dispatcher: Dispatcher;
  readonly settings: ConnectionManagerSettings;
  readonly stats: ConnectionManagerStats['http'];
}

/** What ends a stream that nothing moves on. */
export class StreamTimers {
  readonly #owner: StreamTimersOwner;
  readonly #timers: Timer[] = [];

  constructor(owner: StreamTimersOwner) {
    this.#owner = owner;
  }

  cancel(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.length = 0;
  }

  /** Bytes have come that are no headers yet. */
  armBeforeHeaders(stream: Stream): void {
    const { requestHeadersTimeoutMs, streamIdleTimeoutMs } = this.#owner.settings;
    if (requestHeadersTimeoutMs > 0)
      this.#arm('request_headers_timeout', requestHeadersTimeoutMs, () =>
        stream.expire(408, 'request header timeout', '-', 'request_header_timeout'),
      );
    this.#armRequestTimer(stream);
    if (streamIdleTimeoutMs > 0) this.#armIdleTimer(stream, false, streamIdleTimeoutMs);
  }

  arm(stream: Stream): void {
    const { isComplete } = stream;
    this.#logPeriodically(stream);
    if (!isComplete) this.#armRequestTimer(stream);
    const { settings } = this.#owner;
    if (stream.durationMs !== undefined)
      this.#arm('max_stream_duration', stream.durationMs, () => this.#onTooLong(stream));
    const idleMs = stream.route?.idleTimeoutMs ?? settings.streamIdleTimeoutMs;
    if (idleMs > 0) this.#armIdleTimer(stream, isComplete, idleMs);
  }

  #arm(name: string, ms: number, run: () => void): Timer {
    const timer = this.#owner.dispatcher.createTimer(name, ms, run);
    this.#timers.push(timer);
    return timer;
  }

  /** For all of the request to come. */
  #armRequestTimer(stream: Stream): void {
    const { requestTimeoutMs } = this.#owner.settings;
    if (requestTimeoutMs > 0)
      this.#arm('request_timeout', requestTimeoutMs, () => {
        this.#owner.stats.downstream_rq_timeout.inc();
        stream.expire(408, 'request timeout', '-', 'request_overall_timeout');
      });
  }

  #onTooLong(stream: Stream): void {
    if (stream.isDone) return;
    this.#owner.stats.downstream_rq_max_duration_reached.inc();
    stream.grpcStatus = DEADLINE_EXCEEDED;
    stream.expire(504, 'downstream duration timeout', '-', 'max_duration_timeout');
  }

  /** What moves in a tunnel puts it off. */
  #armIdleTimer(stream: Stream, isComplete: boolean, ms: number, wait = ms): void {
    this.#arm('stream_idle_timeout', wait, () => {
      const idleMs = this.#owner.dispatcher.nowMs - stream.movedMs;
      if (stream.isTunnel && idleMs < ms) this.#armIdleTimer(stream, isComplete, ms, ms - idleMs);
      else if (!stream.isDone) this.#onIdle(stream, isComplete);
    });
  }

  #onIdle(stream: Stream, isComplete: boolean): void {
    this.#owner.stats.downstream_rq_idle_timeout.inc();
    stream.expire(isComplete ? 504 : 408, 'stream timeout', 'SI', 'stream_idle_timeout');
  }

  /** With `access_log_flush_interval` a long request is logged while it goes on. */
  #logPeriodically(stream: Stream): void {
    const { logIntervalMs } = this.#owner.settings;
    if (logIntervalMs === undefined || stream.isDone) return;
    const timer = this.#arm('access_log_flush', logIntervalMs, () => {
      if (stream.isDone) return;
      stream.writeLogs('DownstreamPeriodic');
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      this.#logPeriodically(stream);
    });
  }
}
