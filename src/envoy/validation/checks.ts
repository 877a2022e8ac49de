import type { Visit } from '#api';
import type { Diagnostic } from '#source';
import { ConfigNode } from '../config_node.ts';
import { checkOpenTelemetryLog, checkTransportVersion } from './access_logs.ts';
import { checkApiSource, checkConfigSource } from './config_sources.ts';
import { checkCache, extensionPoints } from './extension_points.ts';
import { checkHttp2Options, checkHttpDurations, checkUpstreamOptions } from './http_options.ts';
import { checkFixedHeap, checkOverloadManager } from './overload.ts';
import { checkSecretName } from './static_secrets.ts';
import {
  checkAdmissionControl,
  checkExtAuthzService,
  checkHealthFilter,
  checkIpTagging,
  checkJsonRule,
  checkLimitDescriptors,
  checkProcessingMode,
  checkRedis,
  checkRouteBandwidth,
  checkWasmPlugin,
  differingCaches,
} from './traffic_filters.ts';
import { checkCidrRange } from './addresses.ts';
import { checkBootstrap } from './bootstraps.ts';
import { missingExtension, NONE, type Check, type CheckFacts } from './check.ts';
import { checkAssignment, checkCluster } from './clusters.ts';
import { checkExpressionFilter, checkFileLog, checkSubstitutionFormat } from './formats.ts';
import { checkConnectionManager, checkDuration } from './connection_managers.ts';
import {
  checkApiKeys,
  checkBasicAuth,
  checkExtProc,
  checkHeaderToMetadata,
  checkJwtAuthn,
  checkLocalRateLimit,
  checkSharedLimit,
} from './http_filters.ts';
import { checkMaglev, checkRing, checkWrrLocality } from './load_balancing.ts';
import { checkLua, checkLuaPerRoute, checkLuaSpecifier } from './lua_scripts.ts';
import { checkOAuth2 } from './oauth2.ts';
import { checkListener } from './listeners.ts';
import {
  checkFilterChainMatcher,
  checkHttpRbac,
  checkNetworkRbac,
  checkPermission,
  checkServerNameMatcher,
} from './match_trees.ts';
import { checkMirror } from './header_options.ts';
import { checkRegex, checkUriTemplate } from './patterns.ts';
import { checkRetryPolicy, checkRoute, checkRouteAction, checkRouteConfiguration, checkVirtualHost } from './routes.ts';
import { checkCustomTag, checkDatadog, checkOpenTelemetry, checkTracing, checkZipkin } from './tracers.ts';
import { checkProxyProtocol, checkTcpProxy, checkTlv } from './tcp_proxies.ts';
import {
  checkAlgorithms,
  checkCommonTls,
  checkDownstreamOptions,
  checkSanMatcher,
  checkTrust,
  checkUpstreamTls,
} from './tls_contexts.ts';
import {
  checkCertificate,
  checkClusterSocket,
  checkDownstreamTls,
  checkFilterChain,
  checkTlsParameters,
  checkTrustedCa,
  checkValidationContext,
} from './transport_sockets.ts';

/** An extension is found by the type of its configuration: a name alone finds none. */
const checkExtension: Check = (node) =>
  node.has('typed_config') || node.has('config_discovery') || node.flag('is_optional')
    ? NONE
    : missingExtension(node, node.text('name') ?? '');

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3';
const HTTP = 'envoy.extensions.filters.http';
const TLS = 'envoy.extensions.transport_sockets.tls.v3';

/** One cache is judged by the others of its name. */
const DNS_CACHE: readonly Check[] = [];

/** What is judged of each message beyond its fields. */
const CHECKS: ReadonlyMap<string, readonly Check[]> = new Map<string, readonly Check[]>([
  ['envoy.config.accesslog.v3.AccessLog', [checkExtension]],
  ['envoy.config.accesslog.v3.ExtensionFilter', [checkExtension]],
  ['envoy.config.bootstrap.v3.Bootstrap', [checkBootstrap]],
  ['envoy.config.cluster.v3.Cluster', [checkCluster, checkClusterSocket]],
  ['envoy.config.endpoint.v3.ClusterLoadAssignment', [checkAssignment]],
  ['envoy.config.core.v3.CidrRange', [checkCidrRange]],
  ['envoy.config.core.v3.SubstitutionFormatString', [checkSubstitutionFormat]],
  ['envoy.config.core.v3.TransportSocket', [checkExtension]],
  ['envoy.config.listener.v3.Filter', [checkExtension]],
  ['envoy.config.metrics.v3.StatsSink', [checkExtension]],
  ['envoy.config.core.v3.ApiConfigSource', [checkApiSource]],
  ['envoy.config.core.v3.ConfigSource', [checkConfigSource]],
  ['envoy.config.core.v3.GrpcService', [(node) => checkDuration(node, 'timeout')]],
  ['envoy.config.core.v3.HttpProtocolOptions', [checkHttpDurations]],
  ['envoy.config.core.v3.Http2ProtocolOptions', [checkHttp2Options]],
  ['envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig', DNS_CACHE],
  ['envoy.config.overload.v3.OverloadManager', [checkOverloadManager]],
  ['envoy.config.trace.v3.DatadogConfig', [checkDatadog]],
  ['envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig', [checkFixedHeap]],
  ['envoy.extensions.upstreams.http.v3.HttpProtocolOptions', [checkUpstreamOptions]],
  ['envoy.extensions.filters.network.redis_proxy.v3.RedisProxy', [checkRedis]],
  [`${HTTP}.admission_control.v3.AdmissionControl`, [checkAdmissionControl]],
  [`${HTTP}.bandwidth_limit.v3.BandwidthLimit`, [checkRouteBandwidth]],
  ['envoy.extensions.wasm.v3.PluginConfig', [checkWasmPlugin]],
  [`${HTTP}.cache.v3.CacheConfig`, [checkCache]],
  [`${HTTP}.ext_authz.v3.HttpService`, [checkExtAuthzService]],
  [`${HTTP}.health_check.v3.HealthCheck`, [checkHealthFilter]],
  [`${HTTP}.ip_tagging.v3.IPTagging`, [checkIpTagging]],
  [`${HTTP}.json_to_metadata.v3.JsonToMetadata.Rule`, [checkJsonRule]],
  [`${TLS}.SdsSecretConfig`, [checkSecretName]],
  ['envoy.config.listener.v3.FilterChain', [checkFilterChain]],
  ['envoy.config.listener.v3.Listener', [checkListener, checkFilterChainMatcher]],
  ['envoy.config.listener.v3.ListenerFilter', [checkExtension]],
  ['envoy.config.rbac.v3.Permission', [checkPermission]],
  ['envoy.config.route.v3.RetryPolicy', [checkRetryPolicy]],
  ['envoy.config.route.v3.Route', [checkRoute]],
  ['envoy.config.route.v3.RouteAction', [checkRouteAction]],
  ['envoy.config.route.v3.RouteConfiguration', [checkRouteConfiguration]],
  ['envoy.config.route.v3.VirtualHost', [checkVirtualHost]],
  ['envoy.config.route.v3.Tracing', [checkTracing]],
  ['envoy.config.trace.v3.OpenTelemetryConfig', [checkOpenTelemetry]],
  ['envoy.config.trace.v3.Tracing.Http', [checkExtension]],
  ['envoy.config.trace.v3.ZipkinConfig', [checkZipkin]],
  ['envoy.extensions.access_loggers.file.v3.FileAccessLog', [checkFileLog]],
  ['envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', [checkExpressionFilter]],
  ['envoy.extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig', [checkTransportVersion]],
  ['envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig', [checkOpenTelemetryLog]],
  ['envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', [checkUriTemplate]],
  ['envoy.type.matcher.v3.RegexMatcher', [checkRegex]],
  ['envoy.type.tracing.v3.CustomTag', [checkCustomTag]],
  ['envoy.extensions.filters.network.rbac.v3.RBAC', [checkNetworkRbac]],
  [`${HTTP}.rbac.v3.RBAC`, [checkHttpRbac]],
  ['xds.type.matcher.v3.ServerNameMatcher', [checkServerNameMatcher]],
  [`${HTTP}.api_key_auth.v3.ApiKeyAuth`, [checkApiKeys]],
  [`${HTTP}.oauth2.v3.OAuth2Config`, [checkOAuth2]],
  [`${HTTP}.basic_auth.v3.BasicAuth`, [checkBasicAuth]],
  [`${HTTP}.ext_proc.v3.ExternalProcessor`, [checkExtProc, checkProcessingMode]],
  [`${HTTP}.header_to_metadata.v3.Config`, [checkHeaderToMetadata]],
  [`${HTTP}.jwt_authn.v3.JwtAuthentication`, [checkJwtAuthn]],
  ['envoy.extensions.load_balancing_policies.maglev.v3.Maglev', [(node) => checkMaglev(node)]],
  ['envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', [(node) => checkRing(node)]],
  ['envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality', [checkWrrLocality]],
  ['envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig', [checkLuaSpecifier]],
  ['envoy.config.route.v3.RouteAction.RequestMirrorPolicy', [checkMirror]],
  [`${HTTP}.lua.v3.Lua`, [checkLua]],
  [`${HTTP}.lua.v3.LuaPerRoute`, [checkLuaPerRoute]],
  [`${HTTP}.local_ratelimit.v3.LocalRateLimit`, [checkLocalRateLimit, checkSharedLimit, checkLimitDescriptors]],
  [`${HCM}.HttpConnectionManager`, [checkConnectionManager]],
  [`${HCM}.HttpConnectionManager.Tracing`, [checkTracing]],
  [`${HCM}.HttpFilter`, [checkExtension]],
  [`${TLS}.CommonTlsContext`, [checkCommonTls]],
  [`${TLS}.SubjectAltNameMatcher`, [checkSanMatcher]],
  [`${TLS}.UpstreamTlsContext`, [checkUpstreamTls]],
  ['envoy.config.core.v3.TlvEntry', [checkTlv]],
  ['envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol', [checkProxyProtocol]],
  ['envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit', [checkLocalRateLimit]],
  ['envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', [checkTcpProxy]],
  [`${TLS}.CertificateValidationContext`, [checkValidationContext, checkTrust, checkTrustedCa]],
  [`${TLS}.DownstreamTlsContext`, [checkDownstreamTls, checkDownstreamOptions]],
  [`${TLS}.TlsCertificate`, [checkCertificate]],
  [`${TLS}.TlsParameters`, [checkTlsParameters, checkAlgorithms]],
]);

const EXTENSION_POINTS = extensionPoints();

/** Notes the messages that there is something to judge of, while a configuration is read. */
export class MessageChecks {
  readonly #noted: { node: ConfigNode; checks: readonly Check[] }[] = [];

  readonly visit: Visit = (type, message, ref) => {
    const checks = CHECKS.get(type);
    const points = EXTENSION_POINTS.get(type);
    if (points) this.#noted.push({ node: new ConfigNode(message, ref), checks: points });
    if (checks) this.#noted.push({ node: new ConfigNode(message, ref), checks });
  };

  /** What Envoy refuses of them. */
  run(facts: CheckFacts): Diagnostic[] {
    const caches = this.#noted.filter(({ checks }) => checks === DNS_CACHE).map(({ node }) => node);
    return [
      ...this.#noted.flatMap(({ node, checks }) => checks.flatMap((check) => check(node, facts))),
      ...differingCaches(caches),
    ];
  }
}
