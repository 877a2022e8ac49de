import { NONE, problem, unknownCluster, type Check } from './check.ts';
import { checkFormat } from './formats.ts';

/** `config.trace.v3.OpenTelemetryConfig`: spans go one way. */
export const checkOpenTelemetry: Check = (node) =>
  ['grpc_service', 'http_service', 'exporter'].filter((one) => node.has(one)).length === 1
    ? NONE
    : problem('span_exporter', node, [], 'Spans need one way to their collector: `grpc_service` or `http_service`.', {
        envoySays: 'OpenTelemetry Tracer must have exactly one of gRPC, HTTP, or custom exporter configured.',
      });

/** `config.trace.v3.ZipkinConfig`: its collector is a cluster that is there from the start. */
export const checkZipkin: Check = (node, { clusters }) => {
  const name = node.text('collector_cluster') ?? '';
  if (node.has('collector_service')) return NONE;
  if (node.text('collector_endpoint') === undefined)
    return problem('span_collector', node, [], '`collector_endpoint` is missing: the path that spans are sent to.', {
      envoySays: 'collector_cluster and collector_endpoint must be specified when not using collector_service',
    });
  if (clusters && !clusters.has(name))
    return problem('unknown_cluster', node, ['collector_cluster'], `No cluster is called \`${name}\`.`, {
      envoySays: `envoy.tracers.zipkin: unknown cluster '${name}'`,
    });
  return node.text('collector_endpoint_version') === 'DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE'
    ? problem(
        'span_collector',
        node,
        ['collector_endpoint_version'],
        "The first version of Zipkin's API is gone: use `HTTP_JSON` or `HTTP_PROTO`.",
      )
    : NONE;
};

/** A tag whose value is a format. */
export const checkCustomTag: Check = (node) => checkFormat(node, ['value'], node.text('value') ?? '');

/** The names of spans are formats. */
export const checkTracing: Check = (node) =>
  ['operation', 'upstream_operation'].flatMap((field) => checkFormat(node, [field], node.text(field) ?? ''));

/** `config.trace.v3.DatadogConfig`. */
export const checkDatadog: Check = (node, facts) =>
  unknownCluster(
    node,
    'collector_cluster',
    facts,
    `envoy.tracers.datadog: unknown cluster '${node.text('collector_cluster') ?? ''}'`,
  );
