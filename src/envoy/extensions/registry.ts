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
