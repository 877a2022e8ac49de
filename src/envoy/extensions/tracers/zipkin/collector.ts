import type { JsonObject } from '#api';
import { SIMULATION_EPOCH_MS } from '#sim';
import type { ConfigNode } from '../../../config_node.ts';
import { OWN_ADDRESS } from '../../../http/client_address.ts';
import { HeaderMap } from '../../../http/header_map.ts';
import type { SpanEnd, TracerServices } from '../../../tracing/tracer.ts';
import type { SpanContext } from './span_context.ts';

const MS_MICROS = 1_000;
const TIMEOUT_MS = 5_000;
const ACCEPTED = 202;
const STATS = ['reports_dropped', 'reports_failed', 'reports_sent', 'reports_skipped_no_cluster'];

const micros = (ms: number): number => Math.floor((SIMULATION_EPOCH_MS + ms) * MS_MICROS);

/** A span as version 2 of Zipkin's API has it: span_buffer.cc, JsonV2Serializer. */
export const zipkinSpan = ({ traceId, spanId, parentId }: SpanContext, end: SpanEnd): JsonObject => ({
  traceId,
  id: spanId,
  ...(parentId === undefined ? {} : { parentId }),
  name: end.name ?? end.host,
  kind: end.isClient ? 'CLIENT' : 'SERVER',
  ...(end.isClient ? {} : { shared: true }),
  timestamp: micros(end.startMs),
  duration: Math.max(1, Math.round((end.endMs - end.startMs) * MS_MICROS)),
  localEndpoint: { ipv4: OWN_ADDRESS, port: 0 },
  annotations: [{ value: end.isClient ? 'cr' : 'ss', timestamp: micros(end.endMs) }],
  tags: end.tags,
});

/** Sends spans by POST: zipkin_tracer_impl.cc, flushSpans. */
export function zipkinSender(config: ConfigNode, services: TracerServices): (spans: JsonObject[]) => void {
  const { stats, collector, runtime } = services;
  const count = (name: string): void => stats.add(`tracing.zipkin.${name}`);
  stats.declare(...STATS.map((name) => `tracing.zipkin.${name}`));
  const cluster = config.text('collector_cluster') ?? '';
  const client = collector().http;
  return (spans) => {
    if (!client.hasCluster(cluster)) return count('reports_skipped_no_cluster');
    const headers = new HeaderMap([
      [':method', 'POST'],
      [':path', config.text('collector_endpoint') ?? '/'],
      [':authority', config.text('collector_hostname') ?? cluster],
      ['content-type', 'application/json'],
    ]);
    const timeoutMs = runtime.integer('tracing.zipkin.request_timeout', TIMEOUT_MS);
    const body = JSON.stringify(spans);
    client.send({ cluster, headers, body, timeoutMs, sendsForwardedFor: true }, ({ response }) =>
      count(response.status === ACCEPTED ? 'reports_sent' : 'reports_dropped'),
    );
  };
}
