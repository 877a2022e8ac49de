import { declareSslStats, handshakeStats } from '../stats/ssl_stats.ts';
import type { Timer } from '#sim';
import type { ListenerInfo } from '../stream_info/stream_facts.ts';
import { durationMs } from '#api';
import { compileAccessLogs, type AccessLogger } from '../access_log/access_loggers.ts';
import { collectorServices } from '../http/collector_services.ts';
import type { ConfigNode } from '../config_node.ts';
import { DownstreamConnection, type ConnectionOwner, type DownstreamPeer } from '../network/connection.ts';
import type { Detected } from '../network/detected.ts';
import { compileListenerFilters, type PlacedListenerFilter } from '../network/listener_filter.ts';
import { connectionContext } from '../network/log_context.ts';
import type { ClientHello } from '../network/payload.ts';
import type { Handshake } from '../network/transport_socket.ts';
import type { Connection } from '../seams.ts';
import { ActiveTcpSocket, type ClientConnection, type SocketOwner } from './active_tcp_socket.ts';
import { compileFilterChain, type FilterChain } from './filter_chain.ts';
import { findFilterChain, type FilterChains } from './filter_chain_manager.ts';
import { compileFilterChainMatcher } from './filter_chain_matcher.ts';
import type { ListenerServices } from './listener_services.ts';
import { ListenAddresses } from './listen_addresses.ts';
import { ListenerStats } from './listener_stats.ts';

const DEFAULT_FILTERS_TIMEOUT_MS = 15_000;
const UNDETECTED: Detected = { sni: undefined, transportProtocol: 'raw_buffer', applicationProtocols: [] };

/** One listener: from a new connection to the filter chain that serves it. */
export class Listener implements ConnectionOwner, SocketOwner {
  readonly name: string;
  readonly info: ListenerInfo;
  readonly node: ConfigNode;
  readonly createdMs: number;
  readonly filters: readonly PlacedListenerFilter[];
  readonly filtersTimeoutMs: number;
  readonly nowMs: () => number;
  readonly #addresses: ListenAddresses;
  readonly #services: ListenerServices;
  readonly #stats: ListenerStats;
  readonly #chains: FilterChains;
  readonly #loggers: readonly AccessLogger[];
  readonly #releases: (() => void)[] = [];
  #isDraining = false;
  #isStopped = false;

  constructor(node: ConfigNode, services: ListenerServices) {
    this.node = node;
    this.createdMs = services.dispatcher.nowMs;
    this.nowMs = () => services.dispatcher.nowMs;
    const socket = node.child('address')?.child('socket_address');
    const [host, port] = [socket?.text('address') ?? '', socket?.number('port_value') ?? 0];
    this.#addresses = new ListenAddresses(node);
    // One without a name gets one of its own: listener_manager_impl.cc, addOrUpdateListener.
    this.name = node.text('name') ?? `${host}:${port}`;
    this.info = {
      name: this.name,
      metadata: node.child('metadata')?.raw('filter_metadata'),
      direction: (node.text('traffic_direction') ?? 'UNSPECIFIED') as ListenerInfo['direction'],
    };
    this.#services = services;
    this.#stats = new ListenerStats(services.stats, node);
    declareSslStats(services.stats, this.#stats.prefix, [
      ...node.list('filter_chains').map((chain) => chain.child('transport_socket')),
      node.child('default_filter_chain')?.child('transport_socket'),
    ]);
    const context = {
      ...services,
      listenerPrefix: this.#stats.prefix,
      isOutbound: this.info.direction === 'OUTBOUND',
      onRelease: (run: () => void) => void this.#releases.push(run),
    };
    this.filters = compileListenerFilters(node, services.listenerFilters, services);
    this.filtersTimeoutMs = durationMs(node.text('listener_filters_timeout')) ?? DEFAULT_FILTERS_TIMEOUT_MS;
    const fallback = node.child('default_filter_chain');
    this.#chains = {
      all: node.list('filter_chains').map((chain) => compileFilterChain(chain, context)),
      fallback: fallback && compileFilterChain(fallback, context),
      matcher: compileFilterChainMatcher(node, services.trace),
    };
    this.#loggers = compileAccessLogs(node.list('access_log'), {
      ...services,
      random: services.random.fork('access_log'),
      collector: () => collectorServices(services),
    });
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
    for (const release of this.#releases) release();
  }

  fits(address: string): 'exact' | 'wildcard' | undefined {
    return this.#isStopped ? undefined : this.#addresses.fit(address);
  }

  /** A new connection. A TLS client says its hello at once. */
  accept(facts: Connection, hello: ClientHello | undefined, peer: DownstreamPeer): ClientConnection | undefined {
    if (hello === undefined && this.filters.length === 0) {
      const chain = this.findChain(facts, UNDETECTED);
      if (!chain) return undefined;
      if (!chain.transportSocket.handshake) {
        const connection = this.connect(facts, chain, peer);
        connection.start(chain.filters);
        return connection;
      }
    }
    const socket = new ActiveTcpSocket(this, facts, hello, peer);
    socket.runListenerFilters();
    return socket;
  }

  findChain(facts: Connection, detected: Detected): FilterChain | undefined {
    const { trace } = this.#services;
    const chain = findFilterChain(this.#chains, facts, detected, trace);
    if (!chain) this.#stats.listener.no_filter_chain_match.inc();
    return chain;
  }

  connect(facts: Connection, chain: FilterChain, peer: DownstreamPeer): DownstreamConnection {
    const isMetered = !chain.logsStreams || this.#loggers.length > 0;
    const connection = new DownstreamConnection(facts, peer, this, isMetered);
    this.#stats.opened();
    if (chain.name !== '') connection.log['filter_chain'] = chain.name;
    return connection;
  }

  onClosed(connection: DownstreamConnection): void {
    this.#stats.closed(this.#services.dispatcher.nowMs - connection.openedMs);
    if (this.#loggers.length === 0) return;
    const context = connectionContext(connection);
    for (const write of this.#loggers) write(context);
  }

  createTimer(name: string, ms: number, run: () => void): Timer {
    return this.#services.dispatcher.createTimer(name, ms, run);
  }

  /** Whether the connection goes on with what the listener filters know by now. */
  onFiltersTimeout(): boolean {
    const { trace } = this.#services;
    this.#stats.listener.downstream_pre_cx_timeout.inc();
    const goesOn = this.node.flag('continue_on_listener_filters_timeout');
    trace?.record({
      kind: 'listener_filters_timeout',
      state: goesOn ? 'info' : 'failed',
      because: this.node.ref,
      sentence: `The listener filters had not seen what they need after ${this.filtersTimeoutMs} ms: the connection ${goesOn ? 'goes on without' : 'is closed'}.`,
    });
    return goesOn;
  }

  #countHandshake({ tls, counter }: Extract<Handshake, { tls: unknown }>): void {
    const counted = ['handshake', ...handshakeStats(tls.version), counter, tls.peer ? undefined : 'no_certificate'];
    for (const name of counted) if (name !== undefined) this.#services.stats.add(`${this.#stats.prefix}ssl.${name}`);
  }

  onHandshake(connection: DownstreamConnection, chain: FilterChain, handshake: Handshake): void {
    const { stats, trace } = this.#services;
    if ('failure' in handshake) {
      stats.add(`${this.#stats.prefix}ssl.${handshake.counter}`);
      trace?.record({
        kind: 'tls_failed',
        state: 'failed',
        because: chain.node.child('transport_socket')?.ref ?? chain.node.ref,
        sentence: `The TLS handshake with the client fails: ${handshake.failure}`,
      });
      connection.log['downstream_transport_failure'] = handshake.failure;
      return connection.close();
    }
    this.#countHandshake(handshake);
    trace?.record({
      kind: 'tls_established',
      state: 'matched',
      because: chain.node.child('transport_socket')?.ref ?? chain.node.ref,
      sentence: `${handshake.tls.version ?? 'TLS'} with the certificate of ${handshake.tls.local?.cn ?? 'nobody'}${handshake.tls.negotiatedAlpn === undefined ? '' : `, speaking ${handshake.tls.negotiatedAlpn}`}${handshake.tls.peer ? `; the client is ${handshake.tls.peer.cn}` : ''}.`,
    });
  }

  onLeft(): void {
    this.#stats.listener.downstream_listener_filter_remote_close.inc();
  }

  onHandshakeTimeout(connection: DownstreamConnection, chain: FilterChain): void {
    this.#stats.listener.downstream_cx_transport_socket_connect_timeout.inc();
    this.#services.trace?.record({
      kind: 'tls_failed',
      state: 'failed',
      because: chain.node.ref,
      sentence: `The handshake has not come within ${chain.connectTimeoutMs} ms: the connection is closed.`,
    });
    connection.close('transport socket timeout was reached');
  }

  /** Bytes that are no TLS came to a chain that asks for it. */
  onPlainText(connection: DownstreamConnection): void {
    const { stats, trace } = this.#services;
    stats.add(`${this.#stats.prefix}ssl.connection_error`);
    trace?.record({
      kind: 'tls_failed',
      state: 'failed',
      because: this.node.ref,
      sentence: 'The client speaks plain text where the filter chain asks for TLS: the connection is closed.',
    });
    connection.close();
  }
}
