import { hostOf } from '../../../../network/address.ts';
import { durationMs, type JsonObject } from '#api';
import type { Random } from '#sim';
import { compileAccessLogs, type AccessLogger } from '../../../../access_log/access_loggers.ts';
import { collectorServices } from '../../../../http/collector_services.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FormatterContext } from '../../../../formatter/formatter_context.ts';
import { xxHash64 } from '../../../../load_balancing/xx_hash64.ts';
import type { NetworkConnection } from '../../../../network/filter.ts';
import { compileProxyTlvs, type ProxyTlv } from '../../../../network/proxy_tlv.ts';
import type { RouterServices } from '../../../../router/router_services.ts';
import { compileTunnel, type Tunnel } from './tunnel.ts';

/** Where a connection goes. */
export interface TcpRoute {
  readonly cluster: string;
  readonly node: ConfigNode;
  /** `envoy.lb` metadata that an endpoint has to have. */
  readonly subset: JsonObject | undefined;
}

export interface TcpProxyConfig {
  readonly node: ConfigNode;
  readonly statPrefix: string;
  readonly maxConnectAttempts: number;
  readonly idleTimeoutMs: number;
  readonly maxDurationMs: number | undefined;
  readonly loggers: readonly AccessLogger[];
  readonly tunnel: Tunnel | undefined;
  readonly logsOnStart: boolean;
  readonly logsOnConnected: boolean;
  /** How long to wait before another attempt. */
  readonly backoffMs: () => number;
  readonly connectMode: ConnectMode;
  /** How many bytes of a client are taken before there is an upstream; undefined where it is not read until then. */
  readonly maxEarlyBytes: number | undefined;
  /** What an upstream that is told of the client by the PROXY protocol learns besides. */
  readonly tlvs: (connection: NetworkConnection, context: FormatterContext) => readonly ProxyTlv[];
  readonly logIntervalMs: number | undefined;
  pickRoute(connection: NetworkConnection): TcpRoute;
  hash(connection: NetworkConnection): bigint | undefined;
}

/** When the upstream is connected to: at once, or when the client has been heard. */
export type ConnectMode = 'IMMEDIATE' | 'ON_DOWNSTREAM_DATA' | 'ON_DOWNSTREAM_TLS_HANDSHAKE';

const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;

const subsetOf = (node: ConfigNode): JsonObject | undefined =>
  node.child('metadata_match')?.child('filter_metadata')?.child('envoy.lb')?.value;

export function compileTcpProxy(node: ConfigNode, services: RouterServices): TcpProxyConfig {
  const random = services.random.fork('tcp_proxy');
  const options = node.child('access_log_options');
  return {
    node,
    statPrefix: `tcp.${node.text('stat_prefix') ?? ''}.`,
    maxConnectAttempts: node.number('max_connect_attempts') ?? 1,
    idleTimeoutMs: durationMs(node.text('idle_timeout')) ?? DEFAULT_IDLE_TIMEOUT_MS,
    maxDurationMs: durationMs(node.text('max_downstream_connection_duration')),
    loggers: compileAccessLogs(node.list('access_log'), {
      ...services,
      random,
      collector: () => collectorServices(services),
    }),
    tunnel: compileTunnel(node.child('tunneling_config'), random),
    logsOnStart: options?.flag('flush_access_log_on_start') === true,
    backoffMs: compileBackoff(node.child('backoff_options'), random),
    connectMode: (node.text('upstream_connect_mode') ?? 'IMMEDIATE') as ConnectMode,
    maxEarlyBytes: node.number('max_early_data_bytes'),
    tlvs: compileTlvs(node),
    logsOnConnected: (options ?? node).flag('flush_access_log_on_connected'),
    logIntervalMs: durationMs((options ?? node).text('access_log_flush_interval')),
    pickRoute: compileRoutes(node, random),
    hash: compileHash(node.list('hash_policy')),
  };
}

/** Without options there is no wait; with them it grows, and is cut by chance (common/common/backoff_strategy.cc). */
function compileBackoff(node: ConfigNode | undefined, random: Random): () => number {
  if (!node) return () => 0;
  const baseMs = durationMs(node.text('base_interval')) ?? 0;
  const maxMs = durationMs(node.text('max_interval')) ?? 10 * baseMs;
  let nextMs = baseMs;
  return () => {
    const waitMs = random.below(Math.max(1, nextMs));
    nextMs = Math.min(maxMs, nextMs * 2);
    return waitMs;
  };
}

/** By default they are for connections that came without a PROXY header. */
function compileTlvs(node: ConfigNode): TcpProxyConfig['tlvs'] {
  const write = compileProxyTlvs(node.list('proxy_protocol_tlvs'));
  const isAlways = (node.text('proxy_protocol_tlv_merge_policy') ?? 'ADD_IF_ABSENT') !== 'ADD_IF_ABSENT';
  return ({ facts }, context) => (isAlways || facts.restoredAddress === undefined ? write(context) : []);
}

function compileRoutes(node: ConfigNode, random: Random): (connection: NetworkConnection) => TcpRoute {
  const own = subsetOf(node);
  const weighted = node.child('weighted_clusters')?.list('clusters') ?? [];
  const routes = weighted.map((one) => ({
    weight: one.number('weight') ?? 0,
    route: { cluster: one.text('name') ?? '', node: one, subset: merged(own, subsetOf(one)) },
  }));
  const total = routes.reduce((sum, one) => sum + one.weight, 0);
  const only = { cluster: node.text('cluster') ?? '', node, subset: own };
  return ({ filterState }) => {
    if (total > 0) {
      let ticket = random.below(total);
      return routes.find((one) => (ticket -= one.weight) < 0)!.route;
    }
    // A filter before has chosen: tcp_proxy.cc, PerConnectionCluster.
    const chosen = filterState.get('envoy.tcp_proxy.cluster');
    return chosen === undefined ? only : { ...only, cluster: chosen };
  };
}

const merged = (wide: JsonObject | undefined, narrow: JsonObject | undefined): JsonObject | undefined =>
  wide && narrow ? { ...wide, ...narrow } : (narrow ?? wide);

/** Only the client's address, or a value of the filter state, can be hashed: network/hash_policy.cc. */
function compileHash(policies: readonly ConfigNode[]): TcpProxyConfig['hash'] {
  const bySource = policies.some((one) => one.has('source_ip'));
  const key = policies.map((one) => one.child('filter_state')?.text('key')).find((one) => one !== undefined);
  return ({ facts, filterState }) => {
    if (bySource) return xxHash64(hostOf(facts.remoteAddress));
    const value = key === undefined ? undefined : filterState.get(key);
    return value === undefined ? undefined : xxHash64(value);
  };
}
