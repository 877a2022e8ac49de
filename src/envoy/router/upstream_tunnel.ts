import { HeaderMap } from '../http/header_map.ts';
import type { Stream } from '../http/stream.ts';
import { isWebsocket } from '../http/upgrades.ts';
import type { HttpResponse, TunnelSocket, UpstreamRequest } from '../seams.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { ConnPool, PoolCallbacks, PoolStream } from '../upstream/conn_pool.ts';
import type { Host } from '../upstream/host.ts';
import type { TcpConnection } from '../upstream/tcp_conn_pool.ts';
import { bytes } from '../network/payload.ts';

export interface TunnelCallbacks extends PoolCallbacks {
  /** The upstream has switched protocols. */
  onTunnel(head: HttpResponse): void;
  onBytes(text: string): void;
  /** A TCP upstream has ended an open tunnel. */
  onTunnelEnd(how: 'fin' | 'reset'): void;
}

/** The upstream end of a stream whose bytes are no HTTP: what the client sends waits until the upstream has switched. */
export interface UpstreamTunnel extends Pick<PoolStream, 'cancel'> {
  write(text: string): void;
}

/** A tunnel never ends its request. */
export const hasWholeRequest = ({ isTunnel, isComplete }: Stream): boolean => !isTunnel && isComplete;

/** The time of a request begins when all of it has come; only the handshake of a websocket has to be answered before. */
export const isTimed = (stream: Stream): boolean => hasWholeRequest(stream) || isWebsocket(stream.upgrade);

/** A websocket takes 101 alone, or an error: upstream_codec_filter.cc. */
export const isFailedHandshake = ({ isTunnel, upgrade }: Stream, { status }: HttpResponse): boolean =>
  isTunnel && isWebsocket(upgrade) && status < 400;

export function refuseHandshake(stream: Stream, { status, headers }: HttpResponse): void {
  stream.sendLocalReply(status, '', '-', 'websocket_handshake_unsuccessful', {
    mutateHeaders: (own) => {
      for (const [name, value] of headers.pairs()) if (name !== 'content-length') own.add(name, value);
    },
  });
}

/** With `connect_config` the tunnel ends here, and the upstream gets its bytes as a TCP connection. */
export function openTunnel(
  stream: Stream,
  to: { cluster: Cluster; host: Host; pool: ConnPool },
  request: UpstreamRequest,
  callbacks: TunnelCallbacks,
): UpstreamTunnel {
  const ofRoute = stream.route?.action?.list('upgrade_configs') ?? [];
  const isTerminated =
    stream.upgrade === 'CONNECT' &&
    ofRoute.some((one) => one.text('upgrade_type')?.toUpperCase() === 'CONNECT' && one.has('connect_config'));
  return isTerminated ? new TcpTunnel(stream, to, callbacks) : new HttpTunnel(to.pool, request, callbacks);
}

class HttpTunnel implements UpstreamTunnel {
  readonly #stream: PoolStream;
  #socket: TunnelSocket | undefined;
  #waiting = '';

  constructor(pool: ConnPool, request: UpstreamRequest, callbacks: TunnelCallbacks) {
    const tunnel = {
      onOpen: (head: HttpResponse, socket: TunnelSocket): void => {
        this.#socket = socket;
        callbacks.onTunnel(head);
        if (this.#waiting !== '') socket.write(this.#waiting);
      },
      onData: (text: string): void => callbacks.onBytes(text),
    };
    this.#stream = pool.newStream({ ...request, tunnel }, callbacks);
  }

  write(text: string): void {
    if (this.#socket) this.#socket.write(text);
    else this.#waiting += text;
  }

  cancel(): void {
    this.#socket?.destroy();
    this.#stream.cancel();
  }
}

class TcpTunnel implements UpstreamTunnel {
  readonly #connection: TcpConnection;
  #waiting: string | undefined = '';

  constructor(stream: Stream, { cluster, host }: { cluster: Cluster; host: Host }, callbacks: TunnelCallbacks) {
    const { remoteAddress, localAddress } = stream.connection;
    this.#connection = cluster.tcpConnect(
      host,
      { downstream: { remoteAddress, localAddress } },
      {
        onPoolReady: () => {
          callbacks.onReady();
          callbacks.onTunnel({ status: 200, headers: new HeaderMap(), body: '' });
          const first = this.#waiting;
          this.#waiting = undefined;
          if (first) this.write(first);
        },
        onPoolFailure: (_, transportFailure) => callbacks.onReply({ failure: 'refused', transportFailure }),
        onData: (payload) => {
          if (payload.kind === 'bytes') callbacks.onBytes(payload.text);
        },
        onClose: (how) => callbacks.onTunnelEnd(how),
      },
    );
  }

  write(text: string): void {
    if (this.#waiting === undefined) this.#connection.write(bytes(text));
    else this.#waiting += text;
  }

  cancel(): void {
    this.#connection.close();
  }
}
