import type { Random } from '#sim';
import { randomHex } from '../../../tracing/random_hex.ts';
import type { ConfigNode } from '../../../config_node.ts';
import type { HeaderMap } from '../../../http/header_map.ts';
import { writeTraceParent } from '../../../tracing/trace_parent.ts';
import {
  type Span,
  type SpanStart,
  type Tracer,
  type TracerFactory,
  type TracerServices,
} from '../../../tracing/tracer.ts';
import { SpanReporter } from '../../../tracing/span_reporter.ts';
import { zipkinSender, zipkinSpan } from './collector.ts';
import { readContext, readSampled, type SpanContext } from './span_context.ts';

/** `envoy.tracers.zipkin`: B3 headers, joined with `traceparent` where it is told to; spans go to a collector as JSON. */
export const zipkinTracerFactory: TracerFactory = {
  name: 'envoy.tracers.zipkin',
  type: 'envoy.config.trace.v3.ZipkinConfig',
  fidelity: {
    level: 'partial',
    notSimulated: ['collector_endpoint_version', 'collector_service', 'timestamp_trace_ids'],
  },
  create: (config, services) => new ZipkinTracer(config, services),
};

class ZipkinTracer implements Tracer {
  readonly #sharesContext: boolean;
  readonly #isW3c: boolean;
  readonly #isLong: boolean;
  readonly #random: Random;

  readonly #reporter: SpanReporter;

  constructor(config: ConfigNode, services: TracerServices) {
    this.#random = services.random;
    this.#reporter = new SpanReporter('zipkin', services, zipkinSender(config, services));
    this.#isLong = config.flag('trace_id_128bit');
    this.#sharesContext = config.raw('shared_span_context') !== false;
    this.#isW3c = config.text('trace_context_option') === 'USE_B3_WITH_W3C_PROPAGATION';
  }

  startSpan({ headers, isTraced, isEgress }: SpanStart): Span | undefined {
    const isSingle = headers.has('b3');
    const isSampled = readSampled(headers, isTraced, this.#isW3c);
    const client = readContext(headers, this.#isW3c);
    if (client === 'unreadable') return undefined;
    if (client === 'none') return this.#span(this.#root(), isSampled, isSingle);
    // A server shares the span of its client, unless that is switched off: tracer.cc, startSpan.
    const isShared = this.#sharesContext && !isEgress;
    const own = isShared ? client : { ...client, spanId: randomHex(this.#random, 16), parentId: client.spanId };
    return this.#span(own, isSampled, isSingle);
  }

  /** A trace is named after its first span. */
  #root(): SpanContext {
    const spanId = randomHex(this.#random, 16);
    return { traceId: this.#isLong ? randomHex(this.#random, 16) + spanId : spanId, spanId, parentId: undefined };
  }

  /** A client that speaks in one header is answered so. */
  #span(context: SpanContext, isSampled: boolean, isSingle: boolean): Span {
    return {
      traceId: context.traceId,
      isSampled,
      finish: (end) => isSampled && this.#reporter.report(zipkinSpan(context, end)),
      child: () =>
        this.#span({ ...context, spanId: randomHex(this.#random, 16), parentId: context.spanId }, isSampled, isSingle),
      inject: (headers) =>
        isSingle ? headers.set('b3', singleHeader(context, isSampled)) : this.#inject(headers, context, isSampled),
    };
  }

  #inject(headers: HeaderMap, { traceId, spanId, parentId }: SpanContext, isSampled: boolean): void {
    headers.set('x-b3-traceid', traceId);
    headers.set('x-b3-spanid', spanId);
    if (parentId !== undefined) headers.set('x-b3-parentspanid', parentId);
    headers.set('x-b3-sampled', isSampled ? '1' : '0');
    if (this.#isW3c)
      headers.set(
        'traceparent',
        writeTraceParent(traceId.length === 16 ? traceId.padStart(32, '0') : traceId, spanId, isSampled),
      );
  }
}

const singleHeader = ({ traceId, spanId, parentId }: SpanContext, isSampled: boolean): string =>
  [traceId, spanId, isSampled ? '1' : '0', ...(parentId === undefined ? [] : [parentId])].join('-');
