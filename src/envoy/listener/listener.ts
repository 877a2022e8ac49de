import type { ConfigNode } from '../config_node.ts';
import { ConnectionManager } from '../http/connection_manager.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { decodeHttp1 } from '../http/http1_codec.ts';
import type { Stream, StreamResult } from '../http/stream.ts';
import type { RouterServices } from '../router/router_filter.ts';
import type { Connection } from '../seams.ts';
import { ListenerStats } from './listener_stats.ts';
import { findFilterChain, type Detected, type FilterChain } from './filter_chain_manager.ts';

/** A request as a message, or as bytes on an HTTP/1 connection. */
export type RequestBytes = { readonly headers: HeaderMap; readonly body: string } | { readonly raw: string };

/** Undefined where the connection was not accepted, or closed before an answer. */
export type RequestDone = (result: RequestOutcome | undefined) => void;

/** An answer, and what is known of the connection that brought it. */
export interface RequestOutcome extends StreamResult {
  readonly chain: FilterChain;
  readonly detected: Detected;
  readonly closes: boolean;
}

const PROTOCOLS = { http1: 'HTTP/1.1', http2: 'HTTP/2' } as const;

/** One listener: from a new connection to the filter chain that serves it. */
export class Listener {
  readonly name: string;
  readonly node: ConfigNode;
  readonly createdMs: number;
  readonly #address: string;
  readonly #port: string;
  readonly #isWildcard: boolean;
  readonly #services: RouterServices;
  readonly #stats: ListenerStats;
  readonly #chains: readonly FilterChain[];
  readonly #fallback: FilterChain | undefined;
  readonly #managers = new Map<FilterChain, ConnectionManager>();
  #isDraining = false;
  #isStopped = false;

  constructor(node: ConfigNode, services: RouterServices) {
    this.node = node;
    this.createdMs = services.dispatcher.nowMs;
    const socket = node.child('address')?.child('socket_address');
    const [host, port] = [socket?.text('address') ?? '', socket?.number('port_value') ?? 0];
    this.#address = `${host}:${port}`;
    // One without a name gets one of its own: listener_manager_impl.cc, addOrUpdateListener.
    this.name = node.text('name') ?? this.#address;
    this.#port = `:${port}`;
    this.#isWildcard = host === '0.0.0.0';
    this.#services = services;
    this.#stats = new ListenerStats(services.stats, node);
    const fallback = node.child('default_filter_chain');
    this.#chains = node.list('filter_chains').map(chainOf);
    this.#fallback = fallback && chainOf(fallback);
    for (const chain of this.#chains) this.#compile(chain);
    if (this.#fallback) this.#compile(this.#fallback);
  }

  /** Whether it has stopped to take connections: those that it has go on. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  drain(): void {
    this.#isDraining = true;
  }

  /** Its address refuses connections from now on. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Nobody uses it any more. */
  release(): void {
    for (const manager of this.#managers.values()) manager.release();
  }

  fits(address: string): 'exact' | 'wildcard' | undefined {
    if (this.#isStopped) return undefined;
    if (address === this.#address) return 'exact';
    return this.#isWildcard && address.endsWith(this.#port) ? 'wildcard' : undefined;
  }

  /** One request on a connection of its own. */
  accept(first: Connection, request: RequestBytes, done: RequestDone): Stream | undefined {
    const { dispatcher, trace } = this.#services;
    let connection = first;
    if (hasListenerFilter(this.node, '.ProxyProtocol')) {
      const proxied = 'raw' in request ? readProxyLine(request.raw, connection) : undefined;
      if (!proxied) return void done(undefined);
      connection = proxied.connection;
      request = { raw: proxied.rest };
    }
    const detected = detect(this.node, connection);
    const chain = findFilterChain(this.#chains, this.#fallback, connection, detected, trace);
    if (!chain) {
      this.#stats.listener.no_filter_chain_match.inc();
      return void done(undefined);
    }
    const manager = this.#managers.get(chain);
    if (!manager || isWrongTransport(chain, connection)) return void done(undefined);
    if (connection.tls) this.#countHandshake(connection);
    const incoming = incomingOf(request, connection, manager);
    const closes = incoming.kind === 'error' || incoming.closes;
    const openedMs = dispatcher.nowMs;
    this.#stats.opened();
    manager.stats.opened(connection);
    return manager.newStream(connection, incoming, (result) => {
      const hadRequest = result.response.status === 0 && connection.protocol === 'http1';
      this.#stats.closed(dispatcher.nowMs - openedMs);
      manager.stats.closed(connection, dispatcher.nowMs - openedMs, { isLocal: closes, hadRequest });
      done({
        response: result.response,
        log: result.log,
        earlier: result.earlier,
        chain,
        detected,
        closes: closes || result.response.status === 408 || result.log['details'] === 'upgrade_failed',
      });
    });
  }

  #compile(chain: FilterChain): void {
    const manager = chain.node
      .list('filters')
      .map((filter) => filter.child('typed_config'))
      .find((config) => config?.text('@type')?.endsWith('.HttpConnectionManager'));
    const facts = {
      statPrefix: this.#stats.prefix,
      isOutbound: this.node.text('traffic_direction') === 'OUTBOUND',
      name: this.name,
    };
    if (manager) this.#managers.set(chain, new ConnectionManager(manager, this.#services, facts));
  }

  #countHandshake(connection: Connection): void {
    const { prefix } = this.#stats;
    this.#services.stats.add(`${prefix}ssl.handshake`);
    if (connection.tls?.clientCertificate === undefined) this.#services.stats.add(`${prefix}ssl.no_certificate`);
  }
}

const incomingOf = (request: RequestBytes, connection: Connection, manager: ConnectionManager) =>
  'raw' in request
    ? decodeHttp1(request.raw, manager.node)
    : {
        kind: 'request' as const,
        closes: false,
        protocol: PROTOCOLS[connection.protocol],
        headers: request.headers,
        body: request.body,
      };

/** The first protocol of the chain's own list that the client offers: the server decides. */
export function negotiatedAlpn(chain: FilterChain, offered: readonly string[]): string | undefined {
  const context = chain.node.child('transport_socket')?.child('typed_config')?.child('common_tls_context');
  return context?.texts('alpn_protocols').find((one) => offered.includes(one));
}

const chainOf = (node: ConfigNode): FilterChain => ({ name: node.text('name') ?? '', node });

const isWrongTransport = (chain: FilterChain, connection: Connection): boolean =>
  chain.node.has('transport_socket') !== (connection.tls !== undefined);

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
