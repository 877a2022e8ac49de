import type { HttpFilterFactory } from '../http/filter.ts';
import type { ClusterSpecifierRegistry } from '../router/cluster_specifier.ts';
import { luaClusterSpecifierFactory } from './cluster_specifiers/lua/factory.ts';
import { matcherClusterSpecifierFactory } from './cluster_specifiers/matcher/factory.ts';
import { priorityGroupClusterSpecifierFactory } from './cluster_specifiers/priority_group/factory.ts';
import type { TracerFactory, TracerRegistry } from '../tracing/tracer.ts';
import { openTelemetryTracerFactory } from './tracers/opentelemetry/factory.ts';
import { zipkinTracerFactory } from './tracers/zipkin/factory.ts';
import type { ListenerFilterFactory } from '../network/listener_filter.ts';
import type { NetworkFilterFactory } from '../network/filter.ts';
import type { TransportSocketFactory } from '../network/transport_socket.ts';
import { admissionControlFilterFactory } from './filters/http/admission_control/factory.ts';
import { bandwidthLimitFilterFactory } from './filters/http/bandwidth_limit/factory.ts';
import { cdnLoopFilterFactory } from './filters/http/cdn_loop/factory.ts';
import { credentialInjectorFilterFactory } from './filters/http/credential_injector/factory.ts';
import { grpcHttp1ReverseBridgeFilterFactory } from './filters/http/grpc_http1_reverse_bridge/factory.ts';
import { decompressorFilterFactory } from './filters/http/decompressor/factory.ts';
import { apiKeyAuthFilterFactory } from './filters/http/api_key_auth/factory.ts';
import { basicAuthFilterFactory } from './filters/http/basic_auth/factory.ts';
import { bufferFilterFactory } from './filters/http/buffer/factory.ts';
import { compressorFilterFactory } from './filters/http/compressor/factory.ts';
import { customResponseFilterFactory } from './filters/http/custom_response/factory.ts';
import { grpcHttp1BridgeFilterFactory } from './filters/http/grpc_http1_bridge/factory.ts';
import { grpcStatsFilterFactory } from './filters/http/grpc_stats/factory.ts';
import { grpcWebFilterFactory } from './filters/http/grpc_web/factory.ts';
import { matchDelegateFilterFactory } from './filters/http/match_delegate/factory.ts';
import { compositeFilterFactory } from './filters/http/composite/factory.ts';
import { statefulSessionFilterFactory } from './filters/http/stateful_session/factory.ts';
import { corsFilterFactory } from './filters/http/cors/factory.ts';
import { oauth2FilterFactory } from './filters/http/oauth2/factory.ts';
import { cacheFilterFactory } from './filters/http/cache/factory.ts';
import { csrfFilterFactory } from './filters/http/csrf/factory.ts';
import { dynamicForwardProxyFilterFactory } from './filters/http/dynamic_forward_proxy/factory.ts';
import { extAuthzFilterFactory } from './filters/http/ext_authz/factory.ts';
import { extProcFilterFactory } from './filters/http/ext_proc/factory.ts';
import { faultFilterFactory } from './filters/http/fault/factory.ts';
import { headerMutationFilterFactory } from './filters/http/header_mutation/factory.ts';
import { headerToMetadataFilterFactory } from './filters/http/header_to_metadata/factory.ts';
import { healthCheckFilterFactory } from './filters/http/health_check/factory.ts';
import { jsonToMetadataFilterFactory } from './filters/http/json_to_metadata/factory.ts';
import { jwtAuthnFilterFactory } from './filters/http/jwt_authn/factory.ts';
import { localRateLimitFilterFactory } from './filters/http/local_ratelimit/factory.ts';
import { luaFilterFactory } from './filters/http/lua/factory.ts';
import { rateLimitFilterFactory } from './filters/http/ratelimit/factory.ts';
import { rbacFilterFactory } from './filters/http/rbac/factory.ts';
import { setFilterStateFilterFactory } from './filters/http/set_filter_state/factory.ts';
import { setMetadataFilterFactory } from './filters/http/set_metadata/factory.ts';
import { httpInspectorFactory } from './filters/listener/http_inspector/factory.ts';
import { originalDstFactory } from './filters/listener/original_dst/factory.ts';
import { proxyProtocolFactory } from './filters/listener/proxy_protocol/factory.ts';
import { tlsInspectorFactory } from './filters/listener/tls_inspector/factory.ts';
import { connectionLimitFactory } from './filters/network/connection_limit/factory.ts';
import { directResponseFactory } from './filters/network/direct_response/factory.ts';
import { echoFactory } from './filters/network/echo/factory.ts';
import { httpConnectionManagerFactory } from './filters/network/http_connection_manager/factory.ts';
import { networkLocalRateLimitFactory } from './filters/network/local_ratelimit/factory.ts';
import { networkRbacFactory } from './filters/network/rbac/factory.ts';
import { setFilterStateNetworkFilterFactory } from './filters/network/set_filter_state/factory.ts';
import { sniClusterFactory } from './filters/network/sni_cluster/factory.ts';
import { tcpProxyFactory } from './filters/network/tcp_proxy/factory.ts';
import { rawBufferFactory } from './transport_sockets/raw_buffer/factory.ts';
import { tlsFactory } from './transport_sockets/tls/factory.ts';
import { upstreamProxyProtocolFactory } from './transport_sockets/upstream_proxy_protocol/factory.ts';

/** Every HTTP filter that is run: one line each. */
const HTTP_FILTERS: readonly HttpFilterFactory[] = [
  admissionControlFilterFactory,
  bandwidthLimitFilterFactory,
  cdnLoopFilterFactory,
  credentialInjectorFilterFactory,
  grpcHttp1ReverseBridgeFilterFactory,
  decompressorFilterFactory,
  apiKeyAuthFilterFactory,
  basicAuthFilterFactory,
  bufferFilterFactory,
  cacheFilterFactory,
  compressorFilterFactory,
  customResponseFilterFactory,
  grpcHttp1BridgeFilterFactory,
  grpcStatsFilterFactory,
  grpcWebFilterFactory,
  matchDelegateFilterFactory,
  compositeFilterFactory,
  statefulSessionFilterFactory,
  corsFilterFactory,
  csrfFilterFactory,
  dynamicForwardProxyFilterFactory,
  extAuthzFilterFactory,
  extProcFilterFactory,
  faultFilterFactory,
  headerMutationFilterFactory,
  headerToMetadataFilterFactory,
  healthCheckFilterFactory,
  jsonToMetadataFilterFactory,
  jwtAuthnFilterFactory,
  localRateLimitFilterFactory,
  luaFilterFactory,
  oauth2FilterFactory,
  rateLimitFilterFactory,
  rbacFilterFactory,
  setFilterStateFilterFactory,
  setMetadataFilterFactory,
];

export const HTTP_FILTER_REGISTRY: ReadonlyMap<string, HttpFilterFactory> = new Map(
  HTTP_FILTERS.map((factory) => [factory.type, factory]),
);

/** Every plugin of routes that chooses clusters: one line each. */
export const CLUSTER_SPECIFIER_REGISTRY: ClusterSpecifierRegistry = new Map(
  [luaClusterSpecifierFactory, matcherClusterSpecifierFactory, priorityGroupClusterSpecifierFactory].map((factory) => [
    factory.type,
    factory,
  ]),
);

/** Every tracer that is run: one line each. */
const TRACERS: readonly TracerFactory[] = [openTelemetryTracerFactory, zipkinTracerFactory];

export const TRACER_REGISTRY: TracerRegistry = new Map(TRACERS.map((factory) => [factory.type, factory]));
/** Every network filter that is run. */
const NETWORK_FILTERS: readonly NetworkFilterFactory[] = [
  connectionLimitFactory,
  directResponseFactory,
  echoFactory,
  httpConnectionManagerFactory,
  networkLocalRateLimitFactory,
  networkRbacFactory,
  setFilterStateNetworkFilterFactory,
  sniClusterFactory,
  tcpProxyFactory,
];

export const NETWORK_FILTER_REGISTRY: ReadonlyMap<string, NetworkFilterFactory> = new Map(
  NETWORK_FILTERS.map((factory) => [factory.type, factory]),
);

/** Every listener filter that is run. */
const LISTENER_FILTERS: readonly ListenerFilterFactory[] = [
  httpInspectorFactory,
  originalDstFactory,
  proxyProtocolFactory,
  tlsInspectorFactory,
];

export const LISTENER_FILTER_REGISTRY: ReadonlyMap<string, ListenerFilterFactory> = new Map(
  LISTENER_FILTERS.map((factory) => [factory.type, factory]),
);

/** Every transport socket that is run, by the types of its configurations. */
const TRANSPORT_SOCKETS: readonly TransportSocketFactory[] = [
  rawBufferFactory,
  tlsFactory,
  upstreamProxyProtocolFactory,
];

export const TRANSPORT_SOCKET_REGISTRY: ReadonlyMap<string, TransportSocketFactory> = new Map(
  TRANSPORT_SOCKETS.flatMap((factory) => factory.types.map((type) => [type, factory] as const)),
);
