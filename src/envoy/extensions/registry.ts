import type { HttpFilterFactory } from '../http/filter.ts';
import type { TracerFactory, TracerRegistry } from '../tracing/tracer.ts';
import { openTelemetryTracerFactory } from './tracers/opentelemetry/factory.ts';
import { zipkinTracerFactory } from './tracers/zipkin/factory.ts';
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

/** Every HTTP filter that is run: one line each. */
const HTTP_FILTERS: readonly HttpFilterFactory[] = [
  apiKeyAuthFilterFactory,
  basicAuthFilterFactory,
  bufferFilterFactory,
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
  rateLimitFilterFactory,
  rbacFilterFactory,
  setFilterStateFilterFactory,
  setMetadataFilterFactory,
];

export const HTTP_FILTER_REGISTRY: ReadonlyMap<string, HttpFilterFactory> = new Map(
  HTTP_FILTERS.map((factory) => [factory.type, factory]),
);

/** Every tracer that is run: one line each. */
const TRACERS: readonly TracerFactory[] = [openTelemetryTracerFactory, zipkinTracerFactory];

export const TRACER_REGISTRY: TracerRegistry = new Map(TRACERS.map((factory) => [factory.type, factory]));
