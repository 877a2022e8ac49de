import { type JsonObject } from '#api';
import type { ConfigRef } from '#source';
import type { Dispatcher, Random } from '#sim';
import { HTTP_FILTER_REGISTRY } from './extensions/registry.ts';
import type { LogFiles } from './access_log/file_access_log.ts';
import { ConfigNode } from './config_node.ts';
import { ConnectionManager } from './http/connection_manager.ts';
import { decodeHttp1 } from './http/http1_codec.ts';
import type { HeaderMap } from './http/header_map.ts';
import { Admin } from './server/admin.ts';
import type { Stream, StreamResult } from './http/stream.ts';
import { findFilterChain, type Detected, type FilterChain } from './listener/filter_chain_manager.ts';
import type { RouterServices } from './router/router_filter.ts';
import type { Connection, UpstreamNetwork } from './seams.ts';
import { StatsStore } from './stats/store.ts';
import type { Trace } from './trace.ts';
import { Cluster } from './upstream/cluster.ts';

/** A request as a message, or as bytes on an HTTP/1 connection. */
export type RequestBytes = { readonly headers: HeaderMap; readonly body: string } | { readonly raw: string };

const UPDATE_MERGE_MS = 1_000;

const PROTOCOLS = { http1: 'HTTP/1.1', http2: 'HTTP/2' } as const;

export interface EnvoyServices {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly network: UpstreamNetwork;
  readonly trace: Trace | undefined;
  /** `--service-cluster`. */
  readonly localCluster?: string;
}

/** Undefined where the connection was not accepted, or closed before an answer. */
export type RequestDone = (result: RequestOutcome | undefined) => void;

/** An answer, and what is known of the connection that brought it. */
export interface RequestOutcome extends StreamResult {
  readonly chain: FilterChain;
  readonly detected: Detected;
  readonly closes: boolean;
}

/** A running proxy: compiled from a bootstrap once, then serving connections in virtual time. */
export class Envoy {
  readonly stats = new StatsStore();
  /** What the access loggers have written so far. */
  readonly files: LogFiles = new Map();
  readonly #listeners: readonly ConfigNode[];
  readonly #managers = new Map<ConfigNode, ConnectionManager>();
  readonly #chains = new Map<ConfigNode, { chains: FilterChain[]; fallback: FilterChain | undefined }>();
  readonly admin: Admin;
  #lastUpdateMs = -Infinity;
  readonly #services: RouterServices;

  constructor(bootstrap: JsonObject, ref: ConfigRef, services: EnvoyServices) {
    const resources = new ConfigNode(bootstrap, ref).child('static_resources');
    this.#listeners = resources?.list('listeners') ?? [];
    const clusters = new Map(
      (resources?.list('clusters') ?? []).map((node) => [
        node.text('name') ?? '',
        new Cluster(node, {
          network: services.network,
          stats: this.stats,
          random: services.random,
          dispatcher: services.dispatcher,
          trace: services.trace,
          onUpdate: () => this.#onClusterUpdate(),
        }),
      ]),
    );
    this.admin = new Admin({ bootstrap: new ConfigNode(bootstrap, ref), stats: this.stats, clusters });
    this.#services = {
      ...services,
      clusters,
      stats: this.stats,
      files: this.files,
      filters: HTTP_FILTER_REGISTRY,
      localCluster: services.localCluster ?? '',
      isFailingHealthChecks: () => this.admin.isDraining,
    };
    for (const listener of this.#listeners) for (const chain of chainsOf(listener)) this.#compile(chain);
  }

  #compile(chain: ConfigNode): void {
    const manager = chain
      .list('filters')
      .map((filter) => filter.child('typed_config'))
      .find((config) => config?.text('@type')?.endsWith('.HttpConnectionManager'));
    if (manager) this.#managers.set(chain, new ConnectionManager(manager, this.#services));
  }

  /** Changes close together are told once: cluster_manager_impl.cc, scheduleUpdate. */
  #onClusterUpdate(): void {
    const { dispatcher } = this.#services;
    if (dispatcher.nowMs - this.#lastUpdateMs < UPDATE_MERGE_MS) return;
    this.#lastUpdateMs = dispatcher.nowMs;
    this.stats.add('cluster_manager.cluster_updated');
  }

  #chainsOf(listener: ConfigNode): { chains: FilterChain[]; fallback: FilterChain | undefined } {
    let known = this.#chains.get(listener);
    if (!known) {
      const fallback = listener.child('default_filter_chain');
      known = { chains: listener.list('filter_chains').map(chainOf), fallback: fallback && chainOf(fallback) };
      this.#chains.set(listener, known);
    }
    return known;
  }

  #countHandshake(connection: Connection): void {
    const prefix = `listener.${statAddress(connection.localAddress)}.ssl`;
    this.stats.add(`${prefix}.handshake`);
    if (connection.tls?.clientCertificate === undefined) this.stats.add(`${prefix}.no_certificate`);
  }

  /** One request on a connection of its own. */
  request(first: Connection, request: RequestBytes, done: RequestDone): Stream | undefined {
    const { trace } = this.#services;
    let connection = first;
    const listener = this.#listeners.find((one) => listens(one, connection.localAddress));
    if (!listener) {
      trace?.record({
        kind: 'listener_not_found',
        state: 'failed',
        sentence: `No listener is bound to ${connection.localAddress}: the connection is refused.`,
      });
      return void done(undefined);
    }
    trace?.record({
      kind: 'listener_matched',
      state: 'matched',
      because: listener.ref,
      sentence: `The listener \`${listener.text('name') ?? ''}\` accepts the connection to ${connection.localAddress}.`,
    });
    if (hasListenerFilter(listener, '.ProxyProtocol')) {
      const proxied = 'raw' in request ? readProxyLine(request.raw, connection) : undefined;
      if (!proxied) return void done(undefined);
      connection = proxied.connection;
      request = { raw: proxied.rest };
    }
    const detected = detect(listener, connection);
    const { chains, fallback } = this.#chainsOf(listener);
    const chain = findFilterChain(chains, fallback, connection, detected, trace);
    if (!chain) {
      this.stats.add(`listener.${statAddress(first.localAddress)}.no_filter_chain_match`);
      return void done(undefined);
    }
    const manager = this.#managers.get(chain.node);
    if (!manager || isWrongTransport(chain, connection)) return void done(undefined);
    if (connection.tls) this.#countHandshake(connection);
    const incoming =
      'raw' in request
        ? decodeHttp1(request.raw, manager.node)
        : {
            kind: 'request' as const,
            closes: false,
            protocol: PROTOCOLS[connection.protocol],
            headers: request.headers,
            body: request.body,
          };
    const closes = incoming.kind === 'error' || incoming.closes;
    return manager.newStream(connection, incoming, (result) =>
      done({
        response: result.response,
        log: result.log,
        earlier: result.earlier,
        chain,
        detected,
        closes: closes || result.response.status === 408 || result.log['details'] === 'upgrade_failed',
      }),
    );
  }
}

/** The first protocol of the chain's own list that the client offers: the server decides. */
export function negotiatedAlpn(chain: FilterChain, offered: readonly string[]): string | undefined {
  const context = chain.node.child('transport_socket')?.child('typed_config')?.child('common_tls_context');
  return context?.texts('alpn_protocols').find((one) => offered.includes(one));
}

const chainOf = (node: ConfigNode): FilterChain => ({ name: node.text('name') ?? '', node });

const chainsOf = (listener: ConfigNode): ConfigNode[] => [
  ...listener.list('filter_chains'),
  ...[listener.child('default_filter_chain')].filter((one) => one !== undefined),
];

const isWrongTransport = (chain: FilterChain, connection: Connection): boolean =>
  chain.node.has('transport_socket') !== (connection.tls !== undefined);

/** An address as statistics spell it: `127.0.0.1_10000`. */
const statAddress = (address: string): string => address.replace(/:(\d+)$/, '_$1');

function listens(listener: ConfigNode, address: string): boolean {
  const socket = listener.child('address')?.child('socket_address');
  const [host, port] = [socket?.text('address') ?? '', socket?.number('port_value') ?? 0];
  return address === `${host}:${port}` || (host === '0.0.0.0' && address.endsWith(`:${port}`));
}

const hasListenerFilter = (listener: ConfigNode, name: string): boolean =>
  listener
    .list('listener_filters')
    .some((filter) => filter.child('typed_config')?.text('@type')?.endsWith(name) === true);

/** The PROXY protocol, version 1: the line names the client and where it went. Undefined where there is none. */
function readProxyLine(raw: string, connection: Connection): { connection: Connection; rest: string } | undefined {
  const found = /^PROXY TCP[46] (\S+) (\S+) (\d+) (\d+)\r?\n/.exec(raw);
  if (!found) return undefined;
  const [line, source, destination, sourcePort, destinationPort] = found;
  return {
    connection: {
      ...connection,
      remoteAddress: `${source}:${sourcePort}`,
      localAddress: `${destination}:${destinationPort}`,
    },
    rest: raw.slice(line.length),
  };
}

/** What the listener filters see in the first bytes: without a tls_inspector there is no SNI and all is raw. */
function detect(listener: ConfigNode, connection: Connection): Detected {
  const tls = hasListenerFilter(listener, '.TlsInspector') ? connection.tls : undefined;
  const http =
    hasListenerFilter(listener, '.HttpInspector') && !connection.tls
      ? [connection.protocol === 'http2' ? 'h2c' : 'http/1.1']
      : [];
  return {
    sni: tls?.sni,
    transportProtocol: tls ? 'tls' : 'raw_buffer',
    applicationProtocols: tls ? (tls.alpn ?? []) : http,
  };
}
