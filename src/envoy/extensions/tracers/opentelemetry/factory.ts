import type { Random } from '#sim';
import { fractionOf } from '../../../runtime/runtime.ts';
import { randomHex } from '../../../tracing/random_hex.ts';
import type { ConfigNode } from '../../../config_node.ts';
import { SpanReporter } from '../../../tracing/span_reporter.ts';
import { otlpSender, otlpSpan } from './exporter.ts';
import { readTraceParent, writeTraceParent } from '../../../tracing/trace_parent.ts';
import {
  type Span,
  type SpanStart,
  type Tracer,
  type TracerFactory,
  type TracerServices,
} from '../../../tracing/tracer.ts';

/** `envoy.tracers.opentelemetry`: W3C trace context; spans go to a collector as JSON. */
export const openTelemetryTracerFactory: TracerFactory = {
  name: 'envoy.tracers.opentelemetry',
  type: 'envoy.config.trace.v3.OpenTelemetryConfig',
  fidelity: { level: 'partial', notSimulated: ['exporter', 'resource_detectors'] },
  create: (config, services) => new OpenTelemetryTracer(config, services),
};

/** Whether a span is sampled, where the connection manager decided for it; `parent` is what the client said. */
type Sampler = (asked: { readonly traceId: string; readonly parent: boolean | undefined }) => boolean;

class OpenTelemetryTracer implements Tracer {
  readonly #isSampled: Sampler;
  readonly #random: Random;

  readonly #reporter: SpanReporter;

  constructor(config: ConfigNode, services: TracerServices) {
    this.#random = services.random;
    this.#reporter = new SpanReporter('opentelemetry', services, otlpSender(config, services));
    this.#isSampled = compileSampler(config.child('sampler')?.child('typed_config'));
  }

  startSpan({ headers, isTraced }: SpanStart): Span | undefined {
    const text = headers.get('traceparent');
    const parent = text === undefined ? undefined : readTraceParent(text);
    if (text !== undefined && !parent) return undefined;
    const traceId = parent?.traceId ?? randomHex(this.#random, 32);
    const isSampled = isTraced && this.#isSampled({ traceId, parent: parent?.isSampled });
    const state = parent ? headers.all('tracestate').join(',') : '';
    return this.#span(traceId, state, { isSampled, parentId: parent?.spanId });
  }

  #span(traceId: string, state: string, how: { isSampled: boolean; parentId: string | undefined }): Span {
    const { isSampled, parentId } = how;
    const spanId = randomHex(this.#random, 16);
    return {
      traceId,
      spanId,
      isSampled,
      finish: (end) => isSampled && this.#reporter.report(otlpSpan({ traceId, spanId, parentId }, end)),
      child: () => this.#span(traceId, state, { isSampled, parentId: spanId }),
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
  if (type.endsWith('.TraceIdRatioBasedSamplerConfig')) {
    const { numerator, denominator } = fractionOf(node?.child('sampling_percentage'), {
      numerator: 0,
      denominator: 100,
    });
    return ({ traceId }) => firstBytesOf(traceId) % BigInt(denominator) < BigInt(numerator);
  }
  // Without one the parent decides.
  if (!type.endsWith('.ParentBasedSamplerConfig')) return ({ parent }) => parent ?? true;
  const wrapped = compileSampler(node?.child('wrapped_sampler')?.child('typed_config'));
  return (asked) => asked.parent ?? wrapped(asked);
}

/** The first eight bytes of an id as a number of the machine's own order. */
const firstBytesOf = (traceId: string): bigint => BigInt(`0x${traceId.slice(0, 16).match(/../g)!.reverse().join('')}`);
