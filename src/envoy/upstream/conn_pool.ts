import type {
  TransportSocketOptions,
  UpstreamHandshake,
  UpstreamTransportSocket,
} from '../network/transport_socket.ts';
import { handshakeStats } from '../stats/ssl_stats.ts';
import type { EstablishedTls, SeenTls, UpstreamNetwork, UpstreamReply, UpstreamRequest } from '../seams.ts';
import type { ClusterStats } from './cluster_stats.ts';
import type { Host } from './host.ts';
import type { CircuitBreaker } from './circuit_breaker.ts';

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
  /** Which request of its connection this is. */
  served: number;
  /** Its connection has served it and waits for another. */
  leftIdle: boolean;
}

/** The connections to one host at one priority: conn_pool_base.cc. HTTP/1 has one stream a connection, HTTP/2 any number. */
export class ConnPool {
  readonly #host: Host;
  readonly #address: string;
  readonly #maxRequests: number;
  /** How many requests the connections that are idle have served: the oldest first. */
  readonly #served: number[] = [];
  readonly #network: UpstreamNetwork;
  readonly #breaker: CircuitBreaker;
  readonly #stats: ClusterStats['traffic'];
  readonly #isMultiplexed: boolean;
  readonly #clusterStats: ClusterStats;
  readonly #transportSocket: UpstreamTransportSocket;
  readonly #options: TransportSocketOptions;
  /** What the upstream knows of the TLS of these connections. */
  #tls: SeenTls | undefined;
  #established: EstablishedTls | undefined;
  #connections = 0;
  #idle = 0;
  readonly #pending: Waiting[] = [];

  constructor(
    host: Host,
    owner: {
      network: UpstreamNetwork;
      breaker: CircuitBreaker;
      stats: ClusterStats;
      isMultiplexed: boolean;
      maxRequests: number;
      transportSocket: UpstreamTransportSocket;
      options: TransportSocketOptions;
    },
  ) {
    this.#host = host;
    this.#address = host.address;
    this.#maxRequests = owner.maxRequests;
    this.#network = owner.network;
    this.#breaker = owner.breaker;
    this.#stats = owner.stats.traffic;
    this.#clusterStats = owner.stats;
    this.#transportSocket = owner.transportSocket;
    this.#options = owner.options;
    this.#isMultiplexed = owner.isMultiplexed;
  }

  newStream(request: UpstreamRequest, callbacks: PoolCallbacks): PoolStream {
    const stream: Waiting = { request, callbacks, isCancelled: false, isActive: false, served: 0, leftIdle: false };
    if (this.#idle > 0 || (this.#isMultiplexed && this.#connections > 0)) this.#attach(stream, true);
    else if (!this.#breaker.canCreate('pending_requests')) {
      this.#stats.upstream_rq_pending_overflow.inc();
      callbacks.onOverflow('waiting');
    } else this.#queue(stream);
    return { cancel: () => this.#cancel(stream), discard: () => this.#discard(stream) };
  }

  /** Waits for a connection: a new one where the breaker allows it, or else the next that comes free. */
  #queue(stream: Waiting): void {
    this.#pending.push(stream);
    this.#breaker.take('pending_requests');
    this.#stats.upstream_rq_pending_total.inc();
    const canConnect = this.#breaker.canCreate('connections');
    if (!canConnect) this.#stats.upstream_cx_overflow.inc();
    // A pool without any connection may always have one: the limit would otherwise starve it.
    if (canConnect || this.#connections === 0) this.#connect();
  }

  #connect(): void {
    this.#connections++;
    this.#breaker.take('connections');
    this.#stats.upstream_cx_total.inc();
    this.#stats.upstream_cx_active.add(1);
    this.#host.stats.cx_total++;
    this.#host.stats.cx_active++;
    (this.#isMultiplexed ? this.#stats.upstream_cx_http2_total : this.#stats.upstream_cx_http1_total).inc();
    this.#clusterStats.useCodec(this.#isMultiplexed ? 'http2' : 'http1');
    const waiting = this.#pending.shift();
    if (!waiting) return;
    this.#breaker.give('pending_requests');
    if (this.#network.refuses(this.#address)) {
      this.#stats.upstream_cx_connect_fail.inc();
      this.#host.stats.cx_connect_fail++;
      this.#network.send(this.#address, waiting.request, (reply) => {
        this.#drop('remote', false);
        this.#stats.upstream_rq_pending_failure_eject.inc();
        if (!waiting.isCancelled) waiting.callbacks.onReply(reply);
        if (this.#pending.length > 0) this.#connect();
      });
      return;
    }
    const handshake = this.#transportSocket.handshake?.(this.#network.tlsOf(this.#address), this.#options);
    if (handshake && 'failure' in handshake) return this.#failHandshake(waiting, handshake);
    this.#tls = handshake?.seen;
    this.#established = handshake?.established;
    if (handshake)
      for (const name of ['handshake', ...handshakeStats(handshake.established.version)]) this.#clusterStats.ssl(name);
    this.#attach(waiting, false);
  }

  #failHandshake(waiting: Waiting, { failure, counter }: Extract<UpstreamHandshake, { failure: string }>): void {
    this.#network.whenConnected(() => {
      this.#clusterStats.ssl(counter);
      this.#stats.upstream_cx_connect_fail.inc();
      this.#host.stats.cx_connect_fail++;
      this.#drop('remote', false);
      this.#stats.upstream_rq_pending_failure_eject.inc();
      if (!waiting.isCancelled) waiting.callbacks.onReply({ failure: 'refused', transportFailure: failure });
      if (this.#pending.length > 0) this.#connect();
    });
  }

  #attach(stream: Waiting, isReused: boolean): void {
    if (!this.#breaker.canCreate('requests')) {
      this.#stats.upstream_rq_active_overflow.inc();
      if (isReused) return stream.callbacks.onOverflow('connected');
      this.#idle++;
      // The breaker is asked only when the connection stands, by which time the request has been read.
      return this.#network.whenConnected(() => {
        if (!stream.isCancelled) stream.callbacks.onOverflow('connected');
      });
    }
    let served = 0;
    if (isReused && !this.#isMultiplexed) {
      this.#idle--;
      served = this.#served.shift() ?? 0;
    }
    stream.served = served + 1;
    this.#breaker.take('requests');
    this.#stats.upstream_rq_total.inc();
    this.#host.stats.rq_total++;
    this.#host.stats.rq_active++;
    this.#stats.upstream_rq_active.add(1);
    stream.isActive = true;
    stream.callbacks.onReady(this.#established);
    const request = this.#tls ? { ...stream.request, tls: this.#tls } : stream.request;
    this.#network.send(this.#address, request, (reply) => {
      if (!stream.isActive) return;
      this.#release(stream, closedBy(reply));
      stream.callbacks.onReply(reply);
    });
  }

  #release(stream: Waiting, closedBy: 'local' | 'remote' | undefined): void {
    stream.isActive = false;
    this.#host.stats.rq_active--;
    this.#stats.upstream_rq_active.add(-1);
    this.#breaker.give('requests');
    const isWorn = closedBy === undefined && stream.served >= this.#maxRequests;
    if (isWorn) this.#stats.upstream_cx_max_requests.inc();
    if (closedBy !== undefined) this.#drop(closedBy, true);
    else if (isWorn) this.#drop('local', false);
    else if (!this.#isMultiplexed) {
      this.#idle++;
      this.#served.push(stream.served);
      stream.leftIdle = true;
    }
    this.#serveNext();
  }

  #serveNext(): void {
    while (this.#pending.length > 0 && (this.#idle > 0 || (this.#isMultiplexed && this.#connections > 0))) {
      const next = this.#pending.shift()!;
      this.#breaker.give('pending_requests');
      if (!next.isCancelled) this.#attach(next, true);
    }
    if (this.#pending.length > 0 && this.#connections === 0) this.#connect();
  }

  #drop(by: 'local' | 'remote', hadRequest: boolean): void {
    this.#connections--;
    this.#breaker.give('connections');
    this.#stats.upstream_cx_active.add(-1);
    this.#host.stats.cx_active--;
    const isLocal = by === 'local';
    this.#stats.upstream_cx_destroy.inc();
    this.#stats[isLocal ? 'upstream_cx_destroy_local' : 'upstream_cx_destroy_remote'].inc();
    if (!hadRequest) return;
    this.#stats.upstream_cx_destroy_with_active_rq.inc();
    this.#stats[
      isLocal ? 'upstream_cx_destroy_local_with_active_rq' : 'upstream_cx_destroy_remote_with_active_rq'
    ].inc();
  }

  #discard(stream: Waiting): void {
    if (this.#isMultiplexed) this.#stats.upstream_rq_tx_reset.inc();
    else if (stream.leftIdle && this.#idle > 0) {
      this.#idle--;
      this.#served.pop();
      this.#drop('local', true);
    }
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

/** Who ended the connection with the answer: undefined where it stays. */
function closedBy(reply: UpstreamReply): 'local' | 'remote' | undefined {
  if ('failure' in reply) return reply.failure === 'protocol_error' ? 'local' : 'remote';
  return reply.cut === undefined ? undefined : 'remote';
}
