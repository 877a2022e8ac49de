import type { FilterRegistry, HttpFilterFactory } from '../http/filter.ts';

type Load = () => Promise<HttpFilterFactory>;

/** Every HTTP filter that is run, and where its code is: one line each. */
const CODE: ReadonlyMap<string, Load> = new Map<string, Load>([
  [
    'envoy.extensions.common.matching.v3.ExtensionWithMatcher',
    async () => (await import('./filters/http/match_delegate/factory.ts')).matchDelegateFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.admission_control.v3.AdmissionControl',
    async () => (await import('./filters/http/admission_control/factory.ts')).admissionControlFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth',
    async () => (await import('./filters/http/api_key_auth/factory.ts')).apiKeyAuthFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit',
    async () => (await import('./filters/http/bandwidth_limit/factory.ts')).bandwidthLimitFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.basic_auth.v3.BasicAuth',
    async () => (await import('./filters/http/basic_auth/factory.ts')).basicAuthFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.buffer.v3.Buffer',
    async () => (await import('./filters/http/buffer/factory.ts')).bufferFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.cache.v3.CacheConfig',
    async () => (await import('./filters/http/cache/factory.ts')).cacheFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.cdn_loop.v3.CdnLoopConfig',
    async () => (await import('./filters/http/cdn_loop/factory.ts')).cdnLoopFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.composite.v3.Composite',
    async () => (await import('./filters/http/composite/factory.ts')).compositeFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.compressor.v3.Compressor',
    async () => (await import('./filters/http/compressor/factory.ts')).compressorFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.cors.v3.Cors',
    async () => (await import('./filters/http/cors/factory.ts')).corsFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.credential_injector.v3.CredentialInjector',
    async () => (await import('./filters/http/credential_injector/factory.ts')).credentialInjectorFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.csrf.v3.CsrfPolicy',
    async () => (await import('./filters/http/csrf/factory.ts')).csrfFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.custom_response.v3.CustomResponse',
    async () => (await import('./filters/http/custom_response/factory.ts')).customResponseFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.decompressor.v3.Decompressor',
    async () => (await import('./filters/http/decompressor/factory.ts')).decompressorFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig',
    async () => (await import('./filters/http/dynamic_forward_proxy/factory.ts')).dynamicForwardProxyFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
    async () => (await import('./filters/http/ext_authz/factory.ts')).extAuthzFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor',
    async () => (await import('./filters/http/ext_proc/factory.ts')).extProcFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.fault.v3.HTTPFault',
    async () => (await import('./filters/http/fault/factory.ts')).faultFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.grpc_http1_bridge.v3.Config',
    async () => (await import('./filters/http/grpc_http1_bridge/factory.ts')).grpcHttp1BridgeFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.grpc_http1_reverse_bridge.v3.FilterConfig',
    async () =>
      (await import('./filters/http/grpc_http1_reverse_bridge/factory.ts')).grpcHttp1ReverseBridgeFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
    async () => (await import('./filters/http/grpc_stats/factory.ts')).grpcStatsFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb',
    async () => (await import('./filters/http/grpc_web/factory.ts')).grpcWebFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
    async () => (await import('./filters/http/header_mutation/factory.ts')).headerMutationFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.header_to_metadata.v3.Config',
    async () => (await import('./filters/http/header_to_metadata/factory.ts')).headerToMetadataFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.health_check.v3.HealthCheck',
    async () => (await import('./filters/http/health_check/factory.ts')).healthCheckFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata',
    async () => (await import('./filters/http/json_to_metadata/factory.ts')).jsonToMetadataFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    async () => (await import('./filters/http/jwt_authn/factory.ts')).jwtAuthnFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    async () => (await import('./filters/http/local_ratelimit/factory.ts')).localRateLimitFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.lua.v3.Lua',
    async () => (await import('./filters/http/lua/factory.ts')).luaFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.oauth2.v3.OAuth2',
    async () => (await import('./filters/http/oauth2/factory.ts')).oauth2FilterFactory,
  ],
  [
    'envoy.extensions.filters.http.ratelimit.v3.RateLimit',
    async () => (await import('./filters/http/ratelimit/factory.ts')).rateLimitFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.rbac.v3.RBAC',
    async () => (await import('./filters/http/rbac/factory.ts')).rbacFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.set_filter_state.v3.Config',
    async () => (await import('./filters/http/set_filter_state/factory.ts')).setFilterStateFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.set_metadata.v3.Config',
    async () => (await import('./filters/http/set_metadata/factory.ts')).setMetadataFilterFactory,
  ],
  [
    'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
    async () => (await import('./filters/http/stateful_session/factory.ts')).statefulSessionFilterFactory,
  ],
]);

const linked = new Map<string, HttpFilterFactory>();

/** A configuration has a filter whose code is not there yet: link it and play again. */
export class HttpFilterNotLinked extends Error {
  /** The message that configures the filter. */
  readonly type: string;

  constructor(type: string) {
    super(`the code of ${type} is not linked`);
    this.type = type;
  }
}

/** The filters that are linked, as Envoy has those that it was built with. */
export const HTTP_FILTER_REGISTRY: FilterRegistry = {
  get: (type) => {
    const factory = linked.get(type);
    if (!factory && CODE.has(type)) throw new HttpFilterNotLinked(type);
    return factory;
  },
};

/** The filters that a configuration names anywhere, by the messages that configure them. */
export function httpFiltersIn(text: string): string[] {
  const named = new Set(text.match(/envoy\.extensions\.[\w.]+/g));
  return [...CODE.keys()].filter((type) => named.has(type));
}

/**
 * Links the code of HTTP filters, all of them where none are named: a page loads those that its configuration needs, a
 * command line all that there are.
 */
export async function linkHttpFilters(types: Iterable<string> = CODE.keys()): Promise<readonly HttpFilterFactory[]> {
  const missing = [...types].filter((type) => !linked.has(type));
  await Promise.all(
    missing.map(async (type) => {
      const factory = await CODE.get(type)?.();
      if (factory) linked.set(type, factory);
    }),
  );
  return [...linked.values()];
}
