import type { Fidelity } from '#api';
import { SIMULATED_FIELDS } from './simulated_fields.ts';

/** Messages whose presence is all that counts: the engine asks which they are, and nothing more. */
const KNOWN_BY_TYPE: ReadonlySet<string> = new Set([
  'envoy.extensions.filters.common.matcher.action.v3.SkipFilter',
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'envoy.extensions.load_balancing_policies.random.v3.Random',
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
  'envoy.type.matcher.v3.HttpResponseStatusCodeClassMatchInput',
]);

/**
 * Fields that change nothing which a request could show: names, notes to people, and what belongs to sockets, threads and
 * memory. They are passed over in silence, since nobody would expect a simulation of them.
 */
const WITHOUT_CONSEQUENCE: ReadonlySet<string> = new Set([
  'envoy.config.bootstrap.v3.Bootstrap.admin',
  'envoy.config.bootstrap.v3.Bootstrap.node',
  'envoy.config.cluster.v3.Cluster.type',
  'envoy.config.listener.v3.Listener.name',
  'envoy.config.cluster.v3.Cluster.dns_lookup_family',
  'envoy.config.cluster.v3.Cluster.per_connection_buffer_limit_bytes',
  'envoy.config.cluster.v3.Cluster.CustomClusterType.name',
  'envoy.config.core.v3.ApiConfigSource.transport_api_version',
  'envoy.config.accesslog.v3.ExtensionFilter.name',
  'envoy.config.cluster.v3.Cluster.TransportSocketMatch.name',
  'envoy.config.core.v3.ConfigSource.ads',
  'envoy.config.core.v3.ConfigSource.resource_api_version',
  'envoy.config.core.v3.HttpUri.uri',
  'envoy.config.core.v3.Node.cluster',
  'envoy.config.core.v3.Node.id',
  'envoy.config.core.v3.SocketAddress.protocol',
  'envoy.config.listener.v3.Listener.enable_reuse_port',
  'envoy.config.listener.v3.Listener.per_connection_buffer_limit_bytes',
  'envoy.config.listener.v3.Listener.traffic_direction',
  'envoy.config.listener.v3.ListenerFilter.name',
  'envoy.config.listener.v3.Filter.name',
  'envoy.config.core.v3.TransportSocket.name',
  'envoy.config.core.v3.TypedExtensionConfig.name',
  'envoy.config.accesslog.v3.AccessLog.name',
  'envoy.config.endpoint.v3.ClusterLoadAssignment.cluster_name',
  'envoy.config.route.v3.RouteConfiguration.name',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.codec_type',
  'envoy.config.ratelimit.v3.RateLimitServiceConfig.transport_api_version',
  'envoy.config.route.v3.RetryPolicy.RetryHostPredicate.name',
  'envoy.config.route.v3.RetryPolicy.RetryPriority.name',
  'envoy.config.trace.v3.Tracing.Http.name',
  'envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig.dns_lookup_family',
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz.transport_api_version',
  'envoy.extensions.transport_sockets.tls.v3.TlsCertificate.private_key',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig.http_protocol_options',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig.http2_protocol_options',
  'xds.core.v3.TypedExtensionConfig.name',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.name',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig.http_protocol_options',
]);

/** What has an effect, by a table of the fields that the engine reads. */
export function fidelityOf(table: Readonly<Record<string, readonly string[]>>): Fidelity {
  const fields = new Map(Object.entries(table).map(([type, names]) => [type, new Set(names)]));
  return {
    runs: (type) => fields.has(type) || KNOWN_BY_TYPE.has(type),
    effectOf: (type, field) => {
      if (fields.get(type)?.has(field) === true) return 'simulated';
      return WITHOUT_CONSEQUENCE.has(`${type}.${field}`) ? 'without_consequence' : 'not_simulated';
    },
  };
}

/** What of Envoy's API has an effect in this engine. */
export const FIDELITY: Fidelity = fidelityOf(SIMULATED_FIELDS);
