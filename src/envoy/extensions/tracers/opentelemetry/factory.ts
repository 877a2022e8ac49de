import type { Random } from '#sim';
import { randomHex } from '../../../tracing/random_hex.ts';
import type { ConfigNode } from '../../../config_node.ts';
import { readTraceParent, writeTraceParent } from '../../../tracing/trace_parent.ts';
import { type Span, type SpanStart, type Tracer, type TracerFactory } from '../../../tracing/tracer.ts';

/** `envoy.tracers.opentelemetry`: W3C trace context. Spans are not sent to a collector. */
export const openTelemetryTracerFactory: TracerFactory = {
  name: 'envoy.tracers.opentelemetry',
  type: 'envoy.config.trace.v3.OpenTelemetryConfig',
  fidelity: { level: 'partial', notSimulated: ['grpc_service', 'http_service', 'resource_detectors', 'service_name'] },
  create: (config, random) => new OpenTelemetryTracer(config, random),
};

/** Whether a span is sampled, in place of what the connection manager decided. */
type Sampler = (isTraced: boolean, parent: boolean | undefined) => boolean;

class OpenTelemetryTracer implements Tracer {
  readonly #isSampled: Sampler;
  readonly #random: Random;

  constructor(config: ConfigNode, random: Random) {
    this.#random = random;
    this.#isSampled = compileSampler(config.child('sampler')?.child('typed_config'));
  }

  startSpan({ headers, isTraced }: SpanStart): Span | undefined {
    const text = headers.get('traceparent');
    const parent = text === undefined ? undefined : readTraceParent(text);
    if (text !== undefined && !parent) return undefined;
    const isSampled = this.#isSampled(isTraced, parent?.isSampled);
    const traceId = parent?.traceId ?? randomHex(this.#random, 32);
    const state = parent ? headers.all('tracestate').join(',') : '';
    return this.#span(traceId, state, isSampled);
  }

  #span(traceId: string, state: string, isSampled: boolean): Span {
    const spanId = randomHex(this.#random, 16);
    return {
      traceId,
      isSampled,
      child: () => this.#span(traceId, state, isSampled),
      inject: (to) => {
        to.set('traceparent', writeTraceParent(traceId, spanId, isSampled));
        to.set('tracestate', state);
      },
    };
  }
}

function compileSampler(node: ConfigNode | undefined): Sampler {
  const type = node?.text('@type') ?? '';
  if (type.endsWith('.AlwaysOnSamplerConfig')) return () => true;
  if (!type.endsWith('.ParentBasedSamplerConfig')) return (isTraced) => isTraced;
  const wrapped = compileSampler(node?.child('wrapped_sampler')?.child('typed_config'));
  return (isTraced, parent) => parent ?? wrapped(isTraced, parent);
}
