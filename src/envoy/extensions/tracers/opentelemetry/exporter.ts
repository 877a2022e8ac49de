import type { JsonObject } from '#api';
import { SIMULATION_EPOCH_MS } from '#sim';
import { otlpOverGrpc, otlpOverHttp } from '../../../access_log/otlp_client.ts';
import type { ConfigNode } from '../../../config_node.ts';
import { ENVOY_VERSION_TEXT } from '../../../server/envoy_version.ts';
import type { SpanEnd, TracerServices } from '../../../tracing/tracer.ts';

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const MS_NANOS = '000000';

interface Ids {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
}

const nanos = (ms: number): string => `${SIMULATION_EPOCH_MS + Math.floor(ms)}${MS_NANOS}`;
const attributes = (tags: Readonly<Record<string, string>>): JsonObject[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value: { stringValue: value } }));

/** A span as `opentelemetry.proto.trace.v1.Span`. */
export const otlpSpan = ({ traceId, spanId, parentId }: Ids, end: SpanEnd): JsonObject => ({
  traceId,
  spanId,
  ...(parentId === undefined ? {} : { parentSpanId: parentId }),
  name: end.name ?? (end.isClient ? `egress ${end.host}` : 'ingress'),
  kind: end.isClient ? 'SPAN_KIND_CLIENT' : 'SPAN_KIND_SERVER',
  startTimeUnixNano: nanos(end.startMs),
  endTimeUnixNano: nanos(end.endMs),
  attributes: attributes(end.tags),
  ...(end.tags['error'] === undefined ? {} : { status: { code: 'STATUS_CODE_ERROR' } }),
});

/** Sends spans over gRPC or HTTP: opentelemetry/tracer.cc, sendTraceFlushRequest. */
export function otlpSender(config: ConfigNode, { stats, collector }: TracerServices): (spans: JsonObject[]) => void {
  stats.declare('tracing.opentelemetry.spans_dropped');
  const [grpc, http] = [config.child('grpc_service'), config.child('http_service')];
  if (!grpc && !http) return () => undefined;
  const send = http ? otlpOverHttp(http, collector()) : otlpOverGrpc(grpc!, METHOD, collector());
  const name = config.text('service_name') ?? '';
  const resource = {
    attributes: attributes({
      'telemetry.sdk.language': 'cpp',
      'service.name': name === '' ? 'unknown_service:envoy' : name,
      'telemetry.sdk.version': ENVOY_VERSION_TEXT,
      'telemetry.sdk.name': 'envoy',
    }),
  };
  return (spans) =>
    send(
      { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'envoy', version: ENVOY_VERSION_TEXT }, spans }] }] },
      () => undefined,
    );
}
