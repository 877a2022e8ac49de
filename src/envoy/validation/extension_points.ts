import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, typeOf, type Check } from './check.ts';

/** Where an extension stands: the field of its `TypedExtensionConfig`, or the message itself; what belongs there. */
type Point = readonly [message: string, field: string | undefined, kind: string, fits: RegExp];

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3';
const HTTP = 'envoy.extensions.filters.http';
const ANY_HTTP = /\.filters\.http\.|\.common\.matching\.v3\./;

const POINTS: readonly Point[] = [
  ['envoy.config.accesslog.v3.AccessLog', undefined, 'an access logger', /\.access_loggers\.(?!filters)/],
  ['envoy.config.accesslog.v3.ExtensionFilter', undefined, 'a filter of an access log', /\.access_loggers\.filters\./],
  [
    'envoy.config.bootstrap.v3.Bootstrap',
    'bootstrap_extensions',
    'an extension of the bootstrap',
    /^(?!.*\.filters\.)/,
  ],
  ['envoy.config.cluster.v3.Cluster.CustomClusterType', undefined, 'a type of cluster', /\.clusters?\./],
  ['envoy.config.core.v3.HealthCheck', 'custom_health_check', 'a health checker', /\.health_checkers\./],
  ['envoy.config.core.v3.SubstitutionFormatString', 'formatters', 'a formatter', /\.formatter\./],
  ['envoy.config.core.v3.TransportSocket', undefined, 'a transport socket', /\.transport_sockets\./],
  ['envoy.config.listener.v3.Filter', undefined, 'a network filter', /\.network\.|\.common\.matching\.v3\./],
  [
    'envoy.config.listener.v3.ListenerFilter',
    undefined,
    'a listener filter',
    /\.filters\.(listener|udp|quic)\.|\.common\.matching\.v3\./,
  ],
  ['envoy.config.metrics.v3.StatsSink', undefined, 'a sink of statistics', /\.stat_sinks\./],
  ['envoy.config.overload.v3.ResourceMonitor', undefined, 'a resource monitor', /\.resource_monitors\./],
  ['envoy.config.route.v3.RetryPolicy', 'retry_host_predicate', 'a predicate of hosts', /\.retry\.host\./],
  ['envoy.config.route.v3.RetryPolicy', 'retry_priority', 'a choice of priorities', /\.retry\.priority\./],
  ['envoy.config.trace.v3.Tracing.Http', undefined, 'a tracer', /\.tracers\./],
  [`${HCM}.HttpFilter`, undefined, 'an HTTP filter', ANY_HTTP],
  [`${HCM}.HttpConnectionManager`, 'request_id_extension', 'an extension of request ids', /\.request_id\./],
  [`${HTTP}.compressor.v3.Compressor`, 'compressor_library', 'a compressor', /\.compressor\./],
  [`${HTTP}.decompressor.v3.Decompressor`, 'decompressor_library', 'a decompressor', /\.decompressor\./],
];

const PER_ROUTE = ['RouteConfiguration', 'VirtualHost', 'Route', 'WeightedCluster.ClusterWeight'];

/** The judgement of each message in which an extension stands. */
export function extensionPoints(): ReadonlyMap<string, readonly Check[]> {
  const all = new Map<string, Check[]>();
  for (const [type, check] of pointChecks()) all.set(type, [...(all.get(type) ?? []), check]);
  return all;
}

function* pointChecks(): Generator<[string, Check]> {
  for (const [message, field, kind, fits] of POINTS)
    yield [message, (node) => (field ? inField(node, field) : [node]).flatMap((one) => misplaced(one, kind, fits))];
  for (const name of PER_ROUTE) yield [`envoy.config.route.v3.${name}`, checkPerRoute];
}

/** One message, or a list of them. */
function inField(node: ConfigNode, field: string): readonly ConfigNode[] {
  const raw = node.raw(field);
  if (Array.isArray(raw)) return node.list(field);
  return [node.child(field) ?? []].flat();
}

/** An extension that stands where none of its kind does: there is no factory with that type. */
function misplaced(node: ConfigNode, kind: string, fits: RegExp): Diagnostic[] {
  const type = typeOf(node.child('typed_config'));
  if (!type.startsWith('envoy.extensions.') || fits.test(type)) return NONE;
  return refusal(node, ['typed_config'], [kind, type, node.text('name') ?? '']);
}

const refusal = (
  node: ConfigNode,
  path: readonly string[],
  [kind, type, name]: readonly [string, string, string],
): Diagnostic[] =>
  problem(
    'extension_kind',
    node,
    path,
    `Here belongs ${kind}, and the type \`${type.slice(type.lastIndexOf('.') + 1)}\` is none.`,
    { envoySays: `Didn't find a registered implementation for '${name}' with type URL: '${type}'` },
  );

const checkPerRoute: Check = (node) => {
  const all = node.child('typed_per_filter_config');
  return Object.keys(all?.value ?? {}).flatMap((name) => {
    const type = typeOf(all!.child(name));
    if (!type.startsWith('envoy.extensions.') || ANY_HTTP.test(type)) return NONE;
    return refusal(node, ['typed_per_filter_config', name], ['the configuration of an HTTP filter', type, name]);
  });
};

/** `cache`: it has a store. */
export const checkCache: Check = (node) => {
  if (node.has('disabled')) return NONE;
  if (!node.has('typed_config'))
    return problem('cache', node, [], 'A cache needs a `typed_config` that says where it stores.', {
      envoySays: 'at least one of typed_config or disabled must be set',
    });
  return misplaced(node, 'a store of a cache', /\.http\.cache\./);
};
