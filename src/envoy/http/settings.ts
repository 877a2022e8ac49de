import { durationMs, type JsonObject } from '#api';
import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';
import { compileForwardClientCert, type ForwardClientCert } from './forwarded_client_cert.ts';
import { compileHeaderKeyFormat, type HeaderKeyFormat } from './header_key_format.ts';
import { compileProxyStatus, type TellProxyStatus } from './proxy_status.ts';
import { UuidRequestId } from './request_id.ts';

const DEFAULT_DRAIN_MS = 5_000;
const DEFAULT_DELAYED_CLOSE_MS = 1_000;
const DEFAULT_STREAM_IDLE_MS = 300_000;
const DEFAULT_HEADERS_KB = 60;
const DEFAULT_HEADERS_COUNT = 100;

/** What a connection manager is told of every request, read once. Defaults are Envoy's: http_connection_manager.proto. */
export interface ConnectionManagerSettings {
  readonly useRemoteAddress: boolean;
  readonly skipXffAppend: boolean;
  readonly xffTrustedHops: number;
  readonly xffExtension: ConfigNode | undefined;
  readonly internalRanges: readonly ConfigNode[];
  readonly schemeToOverwrite: string | undefined;
  readonly forwardClientCert: ForwardClientCert;
  readonly via: string | undefined;
  readonly generatesRequestId: boolean;
  readonly requestId: UuidRequestId;
  readonly keepsExternalRequestId: boolean;
  readonly setsRequestIdInResponse: boolean;
  readonly serverName: string;
  readonly serverHeader: string;
  readonly normalizesPath: boolean;
  readonly mergesSlashes: boolean;
  readonly escapedSlashes: string | undefined;
  readonly appendsForwardedPort: boolean;
  /** The scheme that a port stands for which PROXY protocol brought along. */
  readonly forwardProtoPorts: ReadonlyMap<number, 'http' | 'https'>;
  /** As whom the upstream sees this Envoy. */
  readonly userAgent: { readonly cluster: string; readonly node: string } | undefined;
  readonly tellProxyStatus: TellProxyStatus | undefined;
  readonly stripsTrailingDot: boolean;
  readonly stripsPort: 'any' | 'matching' | undefined;
  readonly maxHeadersBytes: number;
  readonly maxHeadersCount: number;
  readonly underscores: string | undefined;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly proxies100Continue: boolean;
  /** 0: any number. */
  readonly maxRequestsPerConnection: number;
  readonly streamIdleTimeoutMs: number;
  /** Of a connection between requests; 0: it may be idle for ever. */
  readonly connectionIdleMs: number;
  /** 0: a connection may last for ever. */
  readonly maxConnectionMs: number;
  readonly drainTimeoutMs: number;
  readonly delayedCloseMs: number;
  /** 0: a stream may last for ever. */
  readonly maxStreamMs: number;
  readonly upgrades: readonly ConfigNode[];
  /** Offers to switch protocols that are passed over as if they had not been made. */
  readonly ignoresUpgrade: (upgrade: string) => boolean;
  readonly headerKeyFormat: HeaderKeyFormat;
  /** A line at the start of each request, too. */
  readonly logsNewRequests: boolean;
  readonly logIntervalMs: number | undefined;
}

function compileForwardProto(node: ConfigNode | undefined): ConnectionManagerSettings['forwardProtoPorts'] {
  const ports = (scheme: 'http' | 'https'): [number, 'http' | 'https'][] => {
    const given = node?.raw(`${scheme}_destination_ports`);
    return Array.isArray(given) ? given.map((port) => [Number(port), scheme]) : [];
  };
  return new Map([...ports('http'), ...ports('https')]);
}

function compileIgnoredUpgrades(http1: ConfigNode | undefined): ConnectionManagerSettings['ignoresUpgrade'] {
  const mismatches = http1?.list('ignore_http_11_upgrade').map((one) => compileStringMatcher(one)) ?? [];
  return (upgrade) => mismatches.some((one) => one(upgrade) === undefined);
}

type Limits = Pick<
  ConnectionManagerSettings,
  'maxHeadersBytes' | 'maxHeadersCount' | 'maxRequestsPerConnection' | 'underscores'
>;

/** What settings may take from the Envoy that they are of. */
export interface SettingsServices {
  readonly random: Random;
  readonly localCluster: string;
  readonly localNode: JsonObject;
}

export function compileSettings(
  node: ConfigNode,
  { random, localCluster, localNode }: SettingsServices,
): ConnectionManagerSettings {
  const common = node.child('common_http_protocol_options');
  const serverName = node.text('server_name') ?? 'envoy';
  const nodeId = String(localNode['id'] ?? '');
  return {
    ...clientSettings(node),
    schemeToOverwrite: node.child('scheme_header_transformation')?.text('scheme_to_overwrite'),
    forwardClientCert: compileForwardClientCert(node),
    via: node.text('via'),
    requestId: new UuidRequestId(node.child('request_id_extension')?.child('typed_config'), random.fork('request_id')),
    generatesRequestId: node.raw('generate_request_id') !== false,
    keepsExternalRequestId: node.flag('preserve_external_request_id'),
    setsRequestIdInResponse: node.flag('always_set_request_id_in_response'),
    forwardProtoPorts: compileForwardProto(node.child('forward_proto_config')),
    appendsForwardedPort: node.flag('append_x_forwarded_port'),
    userAgent: node.flag('add_user_agent') ? { cluster: localCluster, node: nodeId } : undefined,
    tellProxyStatus: compileProxyStatus(node.child('proxy_status_config'), { nodeId, serverName }),
    stripsTrailingDot: node.flag('strip_trailing_host_dot'),
    serverName,
    serverHeader: node.text('server_header_transformation') ?? 'OVERWRITE',
    normalizesPath: node.flag('normalize_path'),
    mergesSlashes: node.flag('merge_slashes'),
    escapedSlashes: node.text('path_with_escaped_slashes_action'),
    stripsPort: node.flag('strip_any_host_port')
      ? 'any'
      : node.flag('strip_matching_host_port')
        ? 'matching'
        : undefined,
    proxies100Continue: node.flag('proxy_100_continue'),
    upgrades: node.list('upgrade_configs'),
    ignoresUpgrade: compileIgnoredUpgrades(node.child('http_protocol_options')),
    headerKeyFormat: compileHeaderKeyFormat(node.child('http_protocol_options')),
    ...limits(node, common),
    ...timeouts(node, common),
    ...logSettings(node),
  };
}

function limits(node: ConfigNode, common: ConfigNode | undefined): Limits {
  return {
    maxHeadersBytes: (node.number('max_request_headers_kb') ?? DEFAULT_HEADERS_KB) * 1024,
    maxHeadersCount: common?.number('max_headers_count') ?? DEFAULT_HEADERS_COUNT,
    maxRequestsPerConnection: common?.number('max_requests_per_connection') ?? 0,
    underscores: common?.text('headers_with_underscores_action'),
  };
}

type Timeouts = Pick<
  ConnectionManagerSettings,
  | 'requestTimeoutMs'
  | 'requestHeadersTimeoutMs'
  | 'maxStreamMs'
  | 'streamIdleTimeoutMs'
  | 'connectionIdleMs'
  | 'maxConnectionMs'
  | 'drainTimeoutMs'
  | 'delayedCloseMs'
>;

function timeouts(node: ConfigNode, common: ConfigNode | undefined): Timeouts {
  return {
    requestTimeoutMs: durationMs(node.text('request_timeout')) ?? 0,
    requestHeadersTimeoutMs: durationMs(node.text('request_headers_timeout')) ?? 0,
    maxStreamMs: durationMs(common?.text('max_stream_duration')) ?? 0,
    streamIdleTimeoutMs: durationMs(node.text('stream_idle_timeout')) ?? DEFAULT_STREAM_IDLE_MS,
    connectionIdleMs: durationMs(common?.text('idle_timeout')) ?? 0,
    maxConnectionMs: durationMs(common?.text('max_connection_duration')) ?? 0,
    drainTimeoutMs: durationMs(node.text('drain_timeout')) ?? DEFAULT_DRAIN_MS,
    delayedCloseMs: durationMs(node.text('delayed_close_timeout')) ?? DEFAULT_DELAYED_CLOSE_MS,
  };
}

/** The older fields beside `access_log_options` still count. */
function logSettings(node: ConfigNode): Pick<ConnectionManagerSettings, 'logsNewRequests' | 'logIntervalMs'> {
  const options = node.child('access_log_options');
  return {
    logsNewRequests:
      options?.flag('flush_access_log_on_new_request') === true || node.flag('flush_access_log_on_new_request'),
    logIntervalMs: durationMs(options?.text('access_log_flush_interval') ?? node.text('access_log_flush_interval')),
  };
}

type ClientSettings = Pick<
  ConnectionManagerSettings,
  'useRemoteAddress' | 'skipXffAppend' | 'xffTrustedHops' | 'xffExtension' | 'internalRanges'
>;

function clientSettings(node: ConfigNode): ClientSettings {
  const extensions = node.list('original_ip_detection_extensions').map((one) => one.child('typed_config'));
  return {
    useRemoteAddress: node.flag('use_remote_address'),
    skipXffAppend: node.flag('skip_xff_append'),
    xffTrustedHops: node.number('xff_num_trusted_hops') ?? 0,
    xffExtension: extensions.find((one) => one?.text('@type')?.endsWith('.xff.v3.XffConfig')),
    internalRanges: node.child('internal_address_config')?.list('cidr_ranges') ?? [],
  };
}
