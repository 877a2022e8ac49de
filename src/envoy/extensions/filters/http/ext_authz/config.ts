import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FactoryContext } from '../../../../http/filter.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import { compileDraw, type Draw } from '../../../../matching/fractional_percent.ts';
import { compileMetadataMatcher } from '../../../../matching/metadata_matcher.ts';
import { compileMutationRules, type MutationRules } from '../../../../matching/mutation_rules.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';
import { compileFeatureFlag } from '../../../../runtime/feature_flag.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import { createStats } from '../../../../stats/stat_set.ts';

const COUNTERS = [
  'ok',
  'denied',
  'error',
  'disabled',
  'failure_mode_allowed',
  'invalid',
  'ignored_dynamic_metadata',
  'filter_state_name_collision',
  'omitted_response_headers',
  'request_header_limits_reached',
  'response_header_limits_reached',
  'shadow_denied',
  'shadow_error',
] as const;
type Counters = ReturnType<typeof createStats<(typeof COUNTERS)[number]>>;

/** Whether a header of that name is meant. */
export type NameMatcher = (name: string) => boolean;

/** What of the metadata the server is shown. */
export interface MetadataNamespaces {
  readonly untyped: readonly string[];
  readonly typed: readonly string[];
}

export interface BodySettings {
  readonly maxBytes: number;
  readonly allowsPartial: boolean;
  readonly packsAsBytes: boolean;
}

export interface ExtAuthzConfig {
  readonly node: ConfigNode;
  readonly http: HttpService | undefined;
  readonly grpc: ConfigNode | undefined;
  readonly body: BodySettings | undefined;
  readonly statusOnError: number;
  readonly clearsRouteCache: boolean;
  /** Where it is not empty, only changes of these clear it. */
  readonly routeHeaders: ReadonlySet<string>;
  readonly validates: boolean;
  readonly limitsResponseHeaders: boolean;
  readonly allowsFailure: boolean;
  readonly tellsFailure: boolean;
  readonly isEnabled: Draw;
  readonly isEnabledByMetadata: ReturnType<typeof compileMetadataMatcher> | undefined;
  readonly deniesAtDisable: (runtime: Runtime) => boolean;
  /** Asks and counts, and refuses nobody. */
  readonly isShadow: boolean;
  readonly chargesCluster: boolean;
  readonly takesMetadata: boolean;
  readonly rules: MutationRules | undefined;
  readonly maxDeniedBytes: number;
  readonly metadataNamespaces: MetadataNamespaces;
  readonly routeMetadataNamespaces: MetadataNamespaces;
  /** Which headers of the request the server is shown. */
  readonly showsHeader: NameMatcher;
  readonly counters: Counters;
  /** Under the cluster of the route: `ext_authz.`, with the filter's own prefix. */
  readonly clusterPrefix: string;
}

export interface HttpService {
  readonly cluster: string;
  readonly timeoutMs: number;
  readonly pathOf: (path: string) => string;
  readonly headersToAdd: readonly (readonly [string, string])[];
  readonly toUpstream: NameMatcher;
  readonly appendedToUpstream: NameMatcher;
  readonly toClient: NameMatcher;
  readonly toClientOnSuccess: NameMatcher;
  readonly toMetadata: NameMatcher;
  readonly retryPolicy: ConfigNode | undefined;
}

export interface ExtAuthzPerRoute {
  readonly isDisabled: boolean;
  readonly skipsBody: boolean;
  readonly body: BodySettings | undefined;
  readonly http: HttpService | undefined;
  readonly grpc: ConfigNode | undefined;
}

export function compileConfig(node: ConfigNode, { stats, statPrefix }: FactoryContext): ExtAuthzConfig {
  const own = node.text('stat_prefix');
  const clusterPrefix = own ? `ext_authz.${own}.` : 'ext_authz.';
  const enabledBy = node.child('filter_enabled_metadata');
  const http = node.child('http_service');
  return {
    node,
    http: http && compileHttpService(http),
    grpc: node.child('grpc_service'),
    body: bodyOf(node.child('with_request_body')),
    statusOnError: statusCodeOf(node.child('status_on_error')?.raw('code')) ?? 403,
    clearsRouteCache: node.flag('clear_route_cache'),
    routeHeaders: new Set(node.texts('clear_route_cache_headers').map((name) => name.toLowerCase())),
    validates: node.flag('validate_mutations'),
    limitsResponseHeaders: node.flag('enforce_response_header_limits'),
    allowsFailure: node.flag('failure_mode_allow'),
    tellsFailure: node.flag('failure_mode_allow_header_add'),
    isEnabled: compileDraw(node.child('filter_enabled'), true),
    isEnabledByMetadata: enabledBy && compileMetadataMatcher(enabledBy),
    deniesAtDisable: compileFeatureFlag(node.child('deny_at_disable'), false),
    isShadow: node.flag('shadow_mode'),
    chargesCluster: node.raw('charge_cluster_response_stats') !== false,
    takesMetadata: node.raw('enable_dynamic_metadata_ingestion') !== false,
    rules: node.has('decoder_header_mutation_rules')
      ? compileMutationRules(node.child('decoder_header_mutation_rules'))
      : undefined,
    maxDeniedBytes: node.number('max_denied_response_body_bytes') || Infinity,
    metadataNamespaces: {
      untyped: node.texts('metadata_context_namespaces'),
      typed: node.texts('typed_metadata_context_namespaces'),
    },
    routeMetadataNamespaces: {
      untyped: node.texts('route_metadata_context_namespaces'),
      typed: node.texts('route_typed_metadata_context_namespaces'),
    },
    showsHeader: compileShownHeaders(node, http),
    counters: createStats(stats, statPrefix + clusterPrefix, { counters: COUNTERS }),
    clusterPrefix,
  };
}

export function compilePerRoute(node: ConfigNode): ExtAuthzPerRoute {
  const settings = node.child('check_settings');
  const http = settings?.child('http_service');
  return {
    isDisabled: node.flag('disabled'),
    skipsBody: settings?.flag('disable_request_body_buffering') === true,
    body: bodyOf(settings?.child('with_request_body')),
    http: http && compileHttpService(http),
    grpc: settings?.child('grpc_service'),
  };
}

const bodyOf = (node: ConfigNode | undefined): BodySettings | undefined =>
  node && {
    maxBytes: node.number('max_request_bytes') ?? 0,
    allowsPartial: node.flag('allow_partial_message'),
    packsAsBytes: node.flag('pack_as_bytes'),
  };

function compileHttpService(node: ConfigNode): HttpService {
  const uri = node.child('server_uri');
  const request = node.child('authorization_request');
  const response = node.child('authorization_response');
  const listOf = (name: string): NameMatcher => compileNames(response?.child(name)) ?? (() => false);
  return {
    cluster: uri?.text('cluster') ?? '',
    timeoutMs: durationMs(uri?.text('timeout')) ?? 0,
    pathOf: pathsOf(node),
    headersToAdd: (request?.list('headers_to_add') ?? []).map((one) => [
      (one.text('key') ?? '').toLowerCase(),
      one.text('value') ?? '',
    ]),
    toUpstream: listOf('allowed_upstream_headers'),
    appendedToUpstream: listOf('allowed_upstream_headers_to_append'),
    toClient: compileClientHeaders(response?.child('allowed_client_headers')),
    toClientOnSuccess: listOf('allowed_client_headers_on_success'),
    toMetadata: listOf('dynamic_metadata_from_headers'),
    retryPolicy: node.child('retry_policy'),
  };
}

function pathsOf(node: ConfigNode): HttpService['pathOf'] {
  const fixed = node.text('path_override') ?? '';
  const prefix = node.text('path_prefix') ?? '';
  return fixed === '' ? (path) => prefix + path : () => fixed;
}

function compileNames(list: ConfigNode | undefined): NameMatcher | undefined {
  const patterns = list?.list('patterns').map(compileStringMatcher);
  return patterns && ((name) => patterns.some((mismatch) => mismatch(name) === undefined));
}

/** What the client of a refused request sees by all means: ext_authz_http_impl.cc, toClientMatchers. */
const CLIENT_HEADERS: ReadonlySet<string> = new Set(['content-length', 'www-authenticate', 'location']);

function compileClientHeaders(list: ConfigNode | undefined): NameMatcher {
  const listed = compileNames(list);
  return listed ? (name) => CLIENT_HEADERS.has(name) || listed(name) : (name) => name !== ':authority';
}

/** What an authorization server over HTTP sees by all means: ext_authz.cc, createStringMatchers. */
const SERVER_HEADERS: ReadonlySet<string> = new Set(['authorization', ':method', ':path', ':authority']);

function compileShownHeaders(node: ConfigNode, http: ConfigNode | undefined): NameMatcher {
  const allowed =
    compileNames(node.child('allowed_headers')) ??
    compileNames(http?.child('authorization_request')?.child('allowed_headers'));
  const disallowed = compileNames(node.child('disallowed_headers')) ?? (() => false);
  if (http) return (name) => !disallowed(name) && (SERVER_HEADERS.has(name) || allowed?.(name) === true);
  return (name) => !disallowed(name) && (allowed?.(name) ?? true);
}
