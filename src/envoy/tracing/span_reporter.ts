import type { JsonObject } from '#api';
import type { Timer } from '#sim';
import type { Counter } from '../stats/metric.ts';
import type { TracerServices } from './tracer.ts';

const DEFAULT_INTERVAL_MS = 5_000;
const DEFAULT_MIN_SPANS = 5;

/** Gathers finished spans, and has them sent when they are enough or the interval is over: zipkin_tracer_impl.cc, opentelemetry/tracer.cc. */
export class SpanReporter {
  readonly #services: TracerServices;
  readonly #prefix: string;
  readonly #send: (spans: JsonObject[]) => void;
  readonly #sent: Counter;
  readonly #startMs: number;
  #spans: JsonObject[] = [];
  #timer: Timer | undefined;

  /** `kind` is how its runtime keys and statistics call it. */
  constructor(kind: 'zipkin' | 'opentelemetry', services: TracerServices, send: (spans: JsonObject[]) => void) {
    this.#services = services;
    this.#prefix = `tracing.${kind}.`;
    this.#send = send;
    this.#sent = services.stats.counter(`${this.#prefix}spans_sent`);
    services.stats.declare(`${this.#prefix}timer_flushed`);
    this.#startMs = services.dispatcher.nowMs;
  }

  report(span: JsonObject): void {
    const { runtime, dispatcher } = this.#services;
    this.#spans.push(span);
    if (this.#spans.length >= runtime.integer(`${this.#prefix}min_flush_spans`, DEFAULT_MIN_SPANS))
      return this.#flush();
    const intervalMs = runtime.integer(`${this.#prefix}flush_interval_ms`, DEFAULT_INTERVAL_MS);
    // The timer goes round from the start; it matters only where there is something to send.
    const restMs = intervalMs - ((dispatcher.nowMs - this.#startMs) % intervalMs);
    this.#timer ??= dispatcher.createTimer('span_flush', restMs, () => {
      this.#services.stats.add(`${this.#prefix}timer_flushed`);
      this.#flush();
    });
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const spans = this.#spans;
    this.#spans = [];
    this.#sent.add(spans.length);
    this.#send(spans);
  }
}
