import type { Json, JsonObject } from '#api';
import { SIMULATION_EPOCH_MS } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { otlpOverGrpc, otlpOverHttp } from './otlp_client.ts';
import { compileCustomTags, tagValues } from '../tracing/custom_tags.ts';
import { bufferLimits, EntryBuffer, type CollectorServices } from './collector.ts';

const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const PREFIX = 'access_logs.open_telemetry_access_log.';
const MS_NANOS = '000000';

const text = (value: string): JsonObject => ({ stringValue: value });
const pairs = (values: Readonly<Record<string, string>>): JsonObject[] =>
  Object.entries(values).map(([key, value]) => ({ key, value: text(value) }));

/** `AnyValue`s whose texts are formats. */
function filled(value: Json | undefined, context: FormatterContext): Json | undefined {
  if (Array.isArray(value)) return value.map((one) => filled(one, context) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'stringValue' ? expand(String(one), context, '-') : (filled(one, context) ?? null),
    ]),
  );
}

/** `access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig`. Simplified: messages travel as JSON, over HTTP too. */
export function compileOpenTelemetryLog(
  config: ConfigNode,
  services: CollectorServices,
): (context: FormatterContext) => void {
  const { stats, dispatcher } = services;
  const common = config.child('common_config');
  const http = config.child('http_service');
  const prefix = PREFIX + (config.text('stat_prefix') ?? '');
  const names = http ? [] : ['grpc_entries_flushed', 'grpc_entries_flush_failed'];
  stats.declare(...['logs_written', 'logs_dropped', ...names].map((name) => prefix + name));
  const send = http
    ? otlpOverHttp(http, services)
    : otlpOverGrpc((config.child('grpc_service') ?? common?.child('grpc_service'))!, METHOD, services);
  const resource = { attributes: resourceOf(config, services.localNode) };
  // Over gRPC only the old place of its limits counts.
  const limits = bufferLimits(http ? config : common);
  const buffer = new EntryBuffer(limits, dispatcher, (logRecords) =>
    send({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }, (isWritten) =>
      stats.add(prefix + (isWritten ? 'logs_written' : 'logs_dropped'), logRecords.length),
    ),
  );
  const tags = compileCustomTags((common?.has('custom_tags') === true ? common : config).list('custom_tags'));
  const attributes = config.child('attributes')?.raw('values');
  const body = config.raw('body');
  return (context) => {
    const own = (filled(attributes, context) ?? []) as JsonObject[];
    buffer.add({
      timeUnixNano: `${SIMULATION_EPOCH_MS + Math.floor(context.facts.startMs)}${MS_NANOS}`,
      ...(body === undefined ? {} : { body: filled(body, context)! }),
      attributes: [...own, ...pairs(tagValues(tags, context))],
      ...(context.facts.traceId === undefined ? {} : { traceId: context.facts.traceId }),
    });
  };
}

/** The labels that every resource has, unless they are switched off, and those of the configuration. */
function resourceOf(config: ConfigNode, node: JsonObject): JsonObject[] {
  const locality = node['locality'] as { zone?: string } | undefined;
  const builtIn = {
    log_name: config.text('log_name') ?? config.child('common_config')?.text('log_name') ?? '',
    zone_name: locality?.zone ?? '',
    cluster_name: String(node['cluster'] ?? ''),
    node_name: String(node['id'] ?? ''),
  };
  const own = (config.child('resource_attributes')?.raw('values') ?? []) as JsonObject[];
  return [...(config.flag('disable_builtin_labels') ? [] : pairs(builtIn)), ...own];
}
