import type { JsonObject } from '#api';
import type { Timer } from '#sim';
import type { DownstreamConnection, DownstreamPeer } from '../network/connection.ts';
import type { Detected } from '../network/detected.ts';
import type { AcceptedSocket, PlacedListenerFilter } from '../network/listener_filter.ts';
import { bytes, type ClientHello, type Payload } from '../network/payload.ts';
import type { Handshake } from '../network/transport_socket.ts';
import type { Connection } from '../seams.ts';
import type { FilterChain } from './filter_chain.ts';

/** What a connection needs of its listener on the way to its filter chain. */
export interface SocketOwner {
  readonly filters: readonly PlacedListenerFilter[];
  readonly filtersTimeoutMs: number;
  createTimer(name: string, ms: number, run: () => void): Timer;
  /** Whether the connection goes on with what the listener filters know by now. */
  onFiltersTimeout(): boolean;
  findChain(facts: Connection, detected: Detected): FilterChain | undefined;
  connect(facts: Connection, chain: FilterChain, peer: DownstreamPeer): DownstreamConnection;
  onHandshake(connection: DownstreamConnection, chain: FilterChain, handshake: Handshake): void;
  /** The client is gone before it had a filter chain. */
  onLeft(): void;
  /** The handshake has not come in time. */
  onHandshakeTimeout(connection: DownstreamConnection, chain: FilterChain): void;
  /** Bytes that are no TLS came to a chain that asks for it. */
  onPlainText(connection: DownstreamConnection): void;
}

/** The client's handle on its connection. */
export interface ClientConnection {
  receive(payload: Payload): void;
  /** No more bytes will come. */
  receiveEnd(): void;
}

/** A connection that passes listener filters or a handshake before its network filters: active_tcp_socket.cc. */
export class ActiveTcpSocket implements AcceptedSocket, ClientConnection {
  facts: Connection;
  readonly detected: Detected = { sni: undefined, transportProtocol: 'raw_buffer', applicationProtocols: [] };
  readonly metadata: JsonObject = {};
  readonly hello: ClientHello | undefined;
  first: Payload | undefined;
  readonly #listener: SocketOwner;
  readonly #peer: DownstreamPeer;
  #nextFilter = 0;
  #timer: Timer | undefined;
  #isOver = false;
  #connection: DownstreamConnection | undefined;
  /** What a client's bytes have to be for the transport socket of the chain. */
  #expects: 'anything' | 'tls' = 'anything';
  #isSecured = false;

  constructor(listener: SocketOwner, facts: Connection, hello: ClientHello | undefined, peer: DownstreamPeer) {
    this.#listener = listener;
    this.facts = facts;
    this.hello = hello;
    this.#peer = peer;
  }

  receive(payload: Payload): void {
    if (this.#isOver) return;
    if (this.#connection) return this.#pass(payload);
    this.first = this.first ? joined(this.first, payload) : payload;
    this.runListenerFilters();
  }

  receiveEnd(): void {
    if (this.#isOver) return;
    if (this.#connection) return this.#connection.receiveEnd();
    this.#listener.onLeft();
    this.#refuse();
  }

  runListenerFilters(): void {
    const { filters } = this.#listener;
    for (; this.#nextFilter < filters.length; this.#nextFilter++) {
      const status = filters[this.#nextFilter]!.run(this);
      if (status === 'wait') return this.#armTimer();
      if (status === 'close') return this.#refuse();
    }
    this.#timer?.cancel();
    this.#chooseChain();
  }

  #armTimer(): void {
    const { filtersTimeoutMs } = this.#listener;
    if (this.#timer || filtersTimeoutMs === 0) return;
    this.#timer = this.#listener.createTimer('listener_filters_timeout', filtersTimeoutMs, () => this.#onTimeout());
  }

  #onTimeout(): void {
    const goesOn = this.#listener.onFiltersTimeout();
    if (goesOn) this.#chooseChain();
    else this.#refuse();
  }

  #refuse(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#peer.onClose();
  }

  #chooseChain(): void {
    const chain = this.#listener.findChain(this.facts, this.detected);
    if (!chain) return this.#refuse();
    const isPassedThrough = this.hello !== undefined && !chain.transportSocket.handshake;
    const facts = chain.transportSocket.handshake ? { ...this.facts, tls: {} } : this.facts;
    this.#connection = this.#listener.connect(facts, chain, isPassedThrough ? unwrapping(this.#peer) : this.#peer);
    if (this.detected.sni !== undefined) this.#connection.log['sni'] = this.detected.sni;
    if (Object.keys(this.metadata).length > 0) Object.assign(this.#connection.dynamicMetadata, this.metadata);
    this.#connection.start(chain.filters);
    this.#secure(this.#connection, chain);
    const { first } = this;
    this.first = undefined;
    if (first) this.#pass(first);
  }

  #secure(connection: DownstreamConnection, chain: FilterChain): void {
    if (!chain.transportSocket.handshake) return;
    this.#expects = 'tls';
    if (!this.hello) return this.#awaitHandshake(connection, chain);
    const handshake = chain.transportSocket.handshake(this.hello);
    this.#listener.onHandshake(connection, chain, handshake);
    if (!connection.isOpen || 'failure' in handshake) return;
    this.#isSecured = true;
    connection.secured(handshake.tls);
    this.#peer.onSecured?.(handshake.shown);
  }

  /** A client that says no hello never will. */
  #awaitHandshake(connection: DownstreamConnection, chain: FilterChain): void {
    const { connectTimeoutMs = 0 } = chain;
    if (connectTimeoutMs === 0) return;
    this.#listener.createTimer('transport_socket_connect_timeout', connectTimeoutMs, () => {
      if (connection.isOpen) this.#listener.onHandshakeTimeout(connection, chain);
    });
  }

  #pass(payload: Payload): void {
    const connection = this.#connection!;
    if (this.#expects === 'anything')
      return connection.receive(this.hello ? { kind: 'tls', hello: this.hello, inner: payload } : payload);
    if (this.#isSecured) return connection.receive(payload);
    if (connection.isOpen) this.#listener.onPlainText(connection);
  }
}

/** Bytes that came later behind those that were there; whole messages do not come in parts. */
const joined = (first: Payload, next: Payload): Payload =>
  first.kind === 'bytes' && next.kind === 'bytes' ? bytes(first.text + next.text) : next;

/** A TLS client whose bytes Envoy does not decipher: it understands only TLS. */
const unwrapping = (peer: DownstreamPeer): DownstreamPeer => ({
  onData: (payload) => {
    if (payload.kind !== 'tls') return peer.onClose();
    if (payload.shown) peer.onSecured?.(payload.shown);
    peer.onData(payload.inner);
  },
  onEnd: () => peer.onEnd?.(),
  onClose: () => peer.onClose(),
});
