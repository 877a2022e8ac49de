import type { Dispatcher } from '#sim';
import type {
  TransportSocketOptions,
  UpstreamHandshake,
  UpstreamTransportSocket,
} from '../network/transport_socket.ts';
import { handshakeStats } from '../stats/ssl_stats.ts';
import type { EstablishedTls, SeenTls, UpstreamNetwork, UpstreamReply, UpstreamRequest } from '../seams.ts';
import type { ClusterHttpOptions } from './cluster_http_options.ts';
import type { ClusterStats } from './cluster_stats.ts';
import { bindFailure } from './source_address.ts';
import type { Host } from './host.ts';
import type { CircuitBreaker } from './circuit_breaker.ts';
import { PoolConnection } from './pool_connection.ts';

/** A stream asked for: it is answered once, unless it is cancelled first. */
export interface PoolStream {
  /** Ends the stream: its connection goes with it, for HTTP/1 cannot take an answer back. */
  cancel(): void;
  /** Of an answer only the headers were looked at: its body is not waited for, which HTTP/1 pays for with the connection. */
  discard(): void;
}

export interface PoolCallbacks {
  /** The stream has a connection, and the request is on its way. */
  readonly onReady: (tls?: EstablishedTls) => void;
  readonly onReply: (reply: UpstreamReply) => void;
  /** `waiting`: before a connection, and so without an endpoint that the log could name. */
  readonly onOverflow: (where: 'waiting' | 'connected') => void;
}

interface Waiting {
  readonly request: UpstreamRequest;
  readonly callbacks: PoolCallbacks;
  isCancelled: boolean;
  isActive: boolean;
  connection: PoolConnection | undefined;
}

export interface ConnPoolOwner {
  readonly dispatcher: Dispatcher;
  readonly network: UpstreamNetwork;
  readonly breaker: CircuitBreaker;
  readonly stats: ClusterStats;
  readonly isMultiplexed: boolean;
  readonly http: ClusterHttpOptions;
  readonly transportSocket: UpstreamTransportSocket;
  readonly options: TransportSocketOptions;
}

/** As many connections as may be begun for one stream. */
const MOST_AT_ONCE = 3;

/** The connections to one host at one priority: conn_pool_base.cc. Simplified: a connection that can be made stands at once. */
export class ConnPool {
  readonly host: Host;
  readonly #owner: ConnPoolOwner;
  readonly #http: ClusterHttpOptions;
  readonly #network: UpstreamNetwork;
  readonly #breaker: CircuitBreaker;
  readonly #stats: ClusterStats['traffic'];
  readonly #isMultiplexed: boolean;
  /** What the upstream knows of the TLS of these connections. */
  #tls: SeenTls | undefined;
  #established: EstablishedTls | undefined;
  /** Connections that stand, and those on which the handshake is going to fail. */
  #connections = 0;
  #active = 0;
  /** With room for another stream: the last is the next to be used. */
  readonly #ready: PoolConnection[] = [];
  readonly #busy = new Set<PoolConnection>();
  readonly #pending: Waiting[] = [];

  constructor(host: Host, owner: ConnPoolOwner) {
    this.host = host;
    this.#owner = owner;
    this.#http = owner.http;
    this.#network = owner.network;
    this.#breaker = owner.breaker;
    this.#stats = owner.stats.traffic;
    this.#isMultiplexed = owner.isMultiplexed;
  }

  newStream(request: UpstreamRequest, callbacks: PoolCallbacks): PoolStream {
    const stream: Waiting = { request, callbacks, isCancelled: false, isActive: false, connection: undefined };
    const ready = this.#ready.at(-1);
    if (ready) {
      this.#attach(stream, ready, true);
      if (this.#http.preconnectRatio > 1) this.#createConnections();
    } else if (!this.#breaker.canCreate('pending_requests')) {
      this.#stats.upstream_rq_pending_overflow.inc();
      callbacks.onOverflow('waiting');
    } else {
      // Waits for a connection: a new one where the breaker allows it, or else the next that comes free.
      this.#pending.push(stream);
      this.#breaker.take('pending_requests');
      this.#stats.upstream_rq_pending_total.inc();
      this.#createConnections();
    }
    return { cancel: () => this.#cancel(stream), discard: () => this.#discard(stream) };
  }

  /** The host is out of health: connections that do nothing are closed, the others when they are through. */
  drain(): void {
    for (const connection of this.#ready.splice(0)) {
      if (connection.active === 0) this.#drop(connection, 'local', false);
      else this.#busy.add(connection);
    }
    for (const connection of this.#busy) connection.isDraining = true;
  }

  #createConnections(): void {
    for (let i = 0; i < MOST_AT_ONCE && this.#wantsConnection; i++) {
      const canConnect =
        this.host.stats.cx_active < this.#breaker.maxConnectionsPerHost && this.#breaker.canCreate('connections');
      if (!canConnect) this.#stats.upstream_cx_overflow.inc();
      // A pool without any connection may always have one: the limit would otherwise starve it.
      if (canConnect || this.#connections === 0) this.#connect();
      if (!canConnect) return;
    }
  }

  /** Whether there are more streams than connections have room for; with a preconnect ratio room is kept ahead of them. */
  get #wantsConnection(): boolean {
    const capacity = this.#ready.reduce((sum, one) => sum + one.capacity, 0);
    const [pending, ratio] = [this.#pending.length, this.#http.preconnectRatio];
    if (ratio <= 1 || this.host.health !== 'healthy') return pending > capacity;
    return (pending + this.#active) * ratio > capacity + this.#active;
  }

  #connect(): void {
    this.#connections++;
    this.#breaker.take('connections');
    this.#stats.upstream_cx_total.inc();
    this.#stats.upstream_cx_active.add(1);
    this.host.stats.cx_total++;
    this.host.stats.cx_active++;
    (this.#isMultiplexed ? this.#stats.upstream_cx_http2_total : this.#stats.upstream_cx_http1_total).inc();
    this.#owner.stats.useCodec(this.#isMultiplexed ? 'http2' : 'http1');
    const waiting = this.#pending.shift();
    if (waiting) this.#breaker.give('pending_requests');
    const unbound = bindFailure(this.host.source, this.host.address);
    if (unbound !== undefined) return this.#failBind(waiting, unbound);
    if (this.#network.refuses(this.host.address)) return this.#failConnect(waiting);
    const handshake = this.#owner.transportSocket.handshake?.(
      this.#network.tlsOf(this.host.address),
      this.#owner.options,
    );
    if (handshake && 'failure' in handshake) return this.#failHandshake(waiting, handshake);
    this.#tls = handshake?.seen;
    this.#established = handshake?.established;
    if (handshake)
      for (const name of ['handshake', ...handshakeStats(handshake.established.version)]) this.#owner.stats.ssl(name);
    const connection = this.#newConnection();
    this.#ready.push(connection);
    if (waiting) this.#attach(waiting, connection, false);
  }

  #newConnection(): PoolConnection {
    return new PoolConnection({
      ...this.#owner,
      onIdleTimeout: (connection) => {
        this.#stats.upstream_cx_idle_timeout.inc();
        this.#drop(connection, 'local', false);
      },
      onMaxDuration: (connection) => {
        this.#stats.upstream_cx_max_duration_reached.inc();
        if (connection.active === 0) return this.#drop(connection, 'local', false);
        connection.isDraining = true;
        this.#settle(connection);
      },
    });
  }

  #failConnect(waiting: Waiting | undefined): void {
    const failed = (reply: UpstreamReply): void => this.#fail(waiting, 'remote', reply);
    if (waiting) this.#network.send(this.host.address, waiting.request, failed);
    else this.#network.whenConnected(() => failed({ failure: 'refused' }));
  }

  #failHandshake(
    waiting: Waiting | undefined,
    { failure, counter }: Extract<UpstreamHandshake, { failure: string }>,
  ): void {
    this.#network.whenConnected(() => {
      this.#owner.stats.ssl(counter);
      this.#fail(waiting, 'remote', { failure: 'refused', transportFailure: failure });
    });
  }

  #failBind(waiting: Waiting | undefined, transportFailure: string): void {
    this.#network.whenConnected(() => this.#fail(waiting, 'local', { failure: 'unbound', transportFailure }));
  }

  #fail(waiting: Waiting | undefined, by: 'local' | 'remote', reply: UpstreamReply): void {
    this.#stats.upstream_cx_connect_fail.inc();
    this.host.stats.cx_connect_fail++;
    this.#lose(by, false);
    if (waiting) this.#stats.upstream_rq_pending_failure_eject.inc();
    if (waiting && !waiting.isCancelled) waiting.callbacks.onReply(reply);
    if (this.#pending.length > 0) this.#connect();
  }

  #attach(stream: Waiting, connection: PoolConnection, isReused: boolean): void {
    if (!this.#breaker.canCreate('requests')) {
      this.#stats.upstream_rq_active_overflow.inc();
      if (isReused) return stream.callbacks.onOverflow('connected');
      // The breaker is asked only when the connection stands, by which time the request has been read.
      return this.#network.whenConnected(() => {
        if (!stream.isCancelled) stream.callbacks.onOverflow('connected');
      });
    }
    stream.connection = connection;
    if (connection.take()) this.#stats.upstream_cx_max_requests.inc();
    this.#settle(connection);
    this.#active++;
    this.#breaker.take('requests');
    this.#stats.upstream_rq_total.inc();
    this.host.stats.rq_total++;
    this.host.stats.rq_active++;
    this.#stats.upstream_rq_active.add(1);
    stream.isActive = true;
    stream.callbacks.onReady(this.#established);
    if (stream.request.isRefused) return;
    const request = this.#prepared(stream.request, isReused);
    this.#network.send(this.host.address, request, (received) => {
      if (!stream.isActive) return;
      const reply = this.#judged(received);
      this.#release(stream, this.#endOf(reply));
      stream.callbacks.onReply(reply);
    });
  }

  /** A request with what its connection adds. */
  #prepared(request: UpstreamRequest, isReused: boolean): UpstreamRequest {
    const { transportSocket, options } = this.#owner;
    const preamble = isReused ? undefined : transportSocket.preamble?.(options);
    if (!this.#tls && preamble === undefined) return request;
    return { ...request, ...(this.#tls && { tls: this.#tls }), ...(preamble !== undefined && { preamble }) };
  }

  /** Puts a connection among those with room, or takes it from there. */
  #settle(connection: PoolConnection): void {
    const at = this.#ready.indexOf(connection);
    if (connection.capacity > 0) {
      this.#busy.delete(connection);
      if (at < 0) this.#ready.push(connection);
      return;
    }
    if (at >= 0) this.#ready.splice(at, 1);
    this.#busy.add(connection);
  }

  /** An answer with more headers than the codec takes is none: http1/codec_impl.cc. */
  #judged(reply: UpstreamReply): UpstreamReply {
    if (this.#isMultiplexed || !('response' in reply)) return reply;
    const { headers } = reply.response;
    const count = headers.size + (reply.connectionHeaders?.size ?? 0);
    if (count <= this.#http.maxHeadersCount && headers.byteLength() <= this.#http.maxHeadersBytes) return reply;
    this.#stats.upstream_cx_protocol_error.inc();
    return { failure: 'protocol_error' };
  }

  /** Who ended the connection with the answer: undefined where it stays. */
  #endOf(reply: UpstreamReply): 'local' | 'remote' | undefined {
    if (!('failure' in reply)) return reply.cut === undefined ? undefined : 'remote';
    if (this.#isMultiplexed && reply.failure === 'remote_reset') return undefined;
    return reply.failure === 'protocol_error' ? 'local' : 'remote';
  }

  #release(stream: Waiting, closedBy: 'local' | 'remote' | undefined): void {
    const connection = stream.connection!;
    stream.isActive = false;
    this.#active--;
    this.host.stats.rq_active--;
    this.#stats.upstream_rq_active.add(-1);
    this.#breaker.give('requests');
    connection.give();
    if (closedBy !== undefined) this.#drop(connection, closedBy, true);
    else if (connection.isDraining && connection.active === 0) this.#drop(connection, 'local', false);
    else this.#settle(connection);
    this.#serveNext();
  }

  #serveNext(): void {
    for (let ready = this.#ready.at(-1); ready && this.#pending.length > 0; ready = this.#ready.at(-1)) {
      const next = this.#pending.shift()!;
      this.#breaker.give('pending_requests');
      if (!next.isCancelled) this.#attach(next, ready, true);
    }
    if (this.#pending.length > 0) this.#createConnections();
  }

  #drop(connection: PoolConnection, by: 'local' | 'remote', hadRequest: boolean): void {
    connection.end();
    this.#busy.delete(connection);
    const at = this.#ready.indexOf(connection);
    if (at >= 0) this.#ready.splice(at, 1);
    this.#lose(by, hadRequest);
  }

  #lose(by: 'local' | 'remote', hadRequest: boolean): void {
    this.#connections--;
    this.#breaker.give('connections');
    this.#stats.upstream_cx_active.add(-1);
    this.host.stats.cx_active--;
    const isLocal = by === 'local';
    this.#stats.upstream_cx_destroy.inc();
    this.#stats[isLocal ? 'upstream_cx_destroy_local' : 'upstream_cx_destroy_remote'].inc();
    if (!hadRequest) return;
    this.#stats.upstream_cx_destroy_with_active_rq.inc();
    this.#stats[
      isLocal ? 'upstream_cx_destroy_local_with_active_rq' : 'upstream_cx_destroy_remote_with_active_rq'
    ].inc();
  }

  #discard({ connection }: Waiting): void {
    if (this.#isMultiplexed) this.#stats.upstream_rq_tx_reset.inc();
    else if (connection && connection.active === 0 && this.#ready.includes(connection))
      this.#drop(connection, 'local', true);
  }

  #cancel(stream: Waiting): void {
    if (stream.isCancelled) return;
    stream.isCancelled = true;
    const index = this.#pending.indexOf(stream);
    if (index >= 0) {
      this.#pending.splice(index, 1);
      this.#breaker.give('pending_requests');
    } else if (stream.isActive) {
      if (this.#isMultiplexed) this.#stats.upstream_rq_tx_reset.inc();
      this.#release(stream, this.#isMultiplexed ? undefined : 'local');
    }
  }
}
