import type { Random } from '#sim';
import { compileOnce } from '../compile_once.ts';
import type { ConfigNode } from '../config_node.ts';
import type { ConnectionManagerStats } from '../http/connection_manager_stats.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { TraceReason, UuidRequestId } from '../http/request_id.ts';
import type { Stream } from '../http/stream.ts';
import { fractionOf, type Fraction, type Runtime } from '../runtime/runtime.ts';
import type { Trace } from '../trace.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { compileCustomTags } from './custom_tags.ts';
import { spanTags, type SpanTagOptions } from './span_tags.ts';
import type { Tracer, TracerRegistry, TracerServices } from './tracer.ts';

interface Sampling {
  readonly client: Fraction;
  readonly random: Fraction;
  readonly overall: Fraction;
}

const ALWAYS: Fraction = { numerator: 100, denominator: 100 };
const TICKETS = 10_000;
const DEFAULT_PATH_LENGTH = 256;

/** `custom_tags` of a connection manager or of a route. */
const tagsOf = compileOnce((node) => compileCustomTags(node.list('custom_tags')));
const STAT_OF = {
  not_traceable: 'not_traceable',
  sampling: 'random_sampling',
  service_forced: 'service_forced',
  client_forced: 'client_enabled',
} as const;
const WHY: Readonly<Record<TraceReason, string>> = {
  not_traceable: 'is not traced: nothing asked for it',
  sampling: 'is traced: sampling picked it',
  service_forced: 'is traced: x-envoy-force-trace, or the x-request-id, asks for it',
  client_forced: 'is traced: x-client-trace-id, or the x-request-id, asks for it',
};

export interface TracingServices {
  readonly tracers: TracerRegistry;
  readonly runtime: Runtime;
  readonly tracer: TracerServices;
  readonly random: Random;
  readonly requestId: UuidRequestId;
  readonly stats: ConnectionManagerStats['tracing'];
  readonly trace: Trace | undefined;
  /** The bootstrap's own `tracing`, for connection managers without a provider. */
  readonly fallbackProvider: ConfigNode | undefined;
}

/** `HttpConnectionManager.tracing`: decides what is traced, and gives each stream its span. */
export class HttpTracing {
  readonly #node: ConfigNode;
  readonly #services: TracingServices;
  readonly #sampling: Sampling;
  readonly #tracer: Tracer | undefined;
  readonly #isEgress: boolean;
  readonly #tags: SpanTagOptions;

  constructor(node: ConfigNode, isEgress: boolean, services: TracingServices) {
    this.#node = node;
    this.#services = services;
    this.#isEgress = isEgress;
    const percent = (name: string, denominator: number): Fraction => {
      const share = node.child(name)?.number('value') ?? (node.has(name) ? 0 : 100);
      return { numerator: Math.floor((share * denominator) / 100), denominator };
    };
    this.#sampling = {
      client: percent('client_sampling', 100),
      random: percent('random_sampling', TICKETS),
      overall: percent('overall_sampling', 100),
    };
    const config = (node.child('provider') ?? services.fallbackProvider)?.child('typed_config');
    const type = config?.text('@type') ?? '';
    this.#tracer =
      config && services.tracers.get(type.slice(type.lastIndexOf('/') + 1))?.create(config, services.tracer);
    this.#tags = {
      custom: tagsOf(node),
      maxPathLength: node.number('max_path_tag_length') ?? DEFAULT_PATH_LENGTH,
    };
  }

  /** Decides, counts, and starts the span: conn_manager_impl.cc, traceRequest. */
  start(stream: Stream): void {
    const reason = this.#decide(stream.request, stream.route?.node.child('tracing'));
    const { stats, trace } = this.#services;
    stats[STAT_OF[reason]].inc();
    trace?.record({
      kind: 'trace_decided',
      state: reason === 'not_traceable' ? 'info' : 'matched',
      because: this.#node.ref,
      sentence: `The request ${WHY[reason]}.`,
    });
    const isTraced = reason !== 'not_traceable';
    const span = this.#tracer?.startSpan({ headers: stream.request, isTraced, isEgress: this.#isEgress });
    // With a span of its own the upstream is told of that one.
    const told = span && this.#node.flag('spawn_upstream_span') ? span.child() : span;
    stream.upstreamSpan = told === span ? undefined : told;
    stream.span = span;
    if (told) stream.inject = this.#node.flag('no_context_propagation') ? undefined : (headers) => told.inject(headers);
    stream.facts.isTraced = isTraced;
    stream.facts.traceId = span?.traceId;
    stream.facts.spanId = span?.spanId;
    this.#decorate(stream);
  }

  /** The stream is over, and its spans. */
  finish(stream: Stream, context: FormatterContext): void {
    const { span, upstreamSpan, facts, route } = stream;
    if (!span) return;
    const ofRoute = route?.node.child('tracing');
    const custom = ofRoute ? [...this.#tags.custom, ...tagsOf(ofRoute)] : this.#tags.custom;
    const ended = {
      host: stream.request.get(':authority') ?? '',
      startMs: facts.startMs,
      endMs: facts.nowMs,
      tags: spanTags(context, { ...this.#tags, custom }),
    };
    const named = (field: string): string | undefined => {
      const format = ofRoute?.text(field) ?? this.#node.text(field) ?? '';
      return format === '' ? undefined : expand(format, context);
    };
    const upstream = named('upstream_operation') ?? `router ${context.clusterName ?? ''} egress`;
    const operation = route?.node.child('decorator')?.text('operation') ?? '';
    upstreamSpan?.finish({ ...ended, name: upstream, isClient: true });
    span.finish({
      ...ended,
      name: named('operation') ?? (operation === '' ? undefined : operation),
      isClient: this.#isEgress,
    });
  }

  /** What the answer says of the operation; on an outbound listener what the service said of it is taken away. */
  finishHeaders(stream: Stream, headers: HeaderMap): void {
    if (this.#isEgress) headers.remove('x-envoy-decorator-operation');
    else if (stream.decoratedOperation !== undefined)
      headers.set('x-envoy-decorator-operation', stream.decoratedOperation);
  }

  /** conn_manager_utility.cc, mutateTracingRequestHeader. */
  #decide(headers: HeaderMap, route: ConfigNode | undefined): TraceReason {
    const { requestId, runtime } = this.#services;
    if (!requestId.decidesSampling) return 'sampling';
    const integer = requestId.integerOf(headers);
    if (integer === undefined) return 'not_traceable';
    const ticket = integer % TICKETS;
    const sampling = route ? samplingOf(route) : this.#sampling;
    const before = requestId.reasonOf(headers);
    const reason = before === 'not_traceable' ? this.#reasonOf(headers, sampling, ticket) : before;
    if (reason === 'not_traceable') return reason;
    const isKept = runtime.isEnabled('tracing.global_enabled', sampling.overall, ticket);
    requestId.setReason(headers, isKept ? reason : 'not_traceable');
    return isKept ? reason : 'not_traceable';
  }

  #reasonOf(headers: HeaderMap, sampling: Sampling, ticket: number): TraceReason {
    const { random, runtime } = this.#services;
    const isClientKept = (): boolean =>
      runtime.isEnabled('tracing.client_enabled', sampling.client, random.below(sampling.client.denominator));
    if (headers.has('x-client-trace-id') && isClientKept()) return 'client_forced';
    if (headers.has('x-envoy-force-trace')) return 'service_forced';
    return runtime.isEnabled('tracing.random_sampling', sampling.random, ticket) ? 'sampling' : 'not_traceable';
  }

  /** The route's `decorator` names the operation; on an inbound listener the client may name it otherwise. */
  #decorate(stream: Stream): void {
    const decorator = stream.route?.node.child('decorator');
    const operation = decorator?.text('operation') ?? '';
    const isPropagated = decorator?.raw('propagate') !== false;
    if (operation !== '') stream.decoratedOperation = isPropagated ? operation : undefined;
    if (this.#isEgress) {
      if (stream.decoratedOperation !== undefined)
        stream.request.set('x-envoy-decorator-operation', stream.decoratedOperation);
      return;
    }
    const named = stream.request.get('x-envoy-decorator-operation');
    if (named !== undefined && named !== '') stream.decoratedOperation = undefined;
    stream.request.remove('x-envoy-decorator-operation');
  }
}

const samplingOf = (route: ConfigNode): Sampling => ({
  client: fractionOf(route.child('client_sampling'), ALWAYS),
  random: fractionOf(route.child('random_sampling'), ALWAYS),
  overall: fractionOf(route.child('overall_sampling'), ALWAYS),
});
