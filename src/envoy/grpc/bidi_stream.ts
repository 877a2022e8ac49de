import type { JsonObject } from '#api';
import type { GrpcStream, GrpcStreamCallbacks } from '../http/clients.ts';
import { HeaderMap } from '../http/header_map.ts';
import { localReplyOf } from '../router/local_replies.ts';
import type { Failure } from '../router/retry_policy.ts';
import type { RouterServices } from '../router/router_services.ts';
import type { DuplexServer, UpstreamReply } from '../seams.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { PoolStream } from '../upstream/conn_pool.ts';

const OK_STATUS = 200;
const UNKNOWN = 2;
const UNAVAILABLE = 14;
const INTERNAL_FACTS = { isInternal: true, isCanary: false, zone: undefined, altName: undefined } as const;

/** A stream on which both sides speak: each message goes as soon as there is a connection. */
export class BidiStream implements GrpcStream {
  readonly #cluster: Cluster | undefined;
  readonly #callbacks: GrpcStreamCallbacks;
  readonly #waiting: JsonObject[] = [];
  #server: DuplexServer | undefined;
  #pooled: PoolStream | undefined;
  #hasAnswered = false;
  #isOver = false;

  constructor(
    cluster: Cluster | undefined,
    headers: HeaderMap,
    services: RouterServices,
    callbacks: GrpcStreamCallbacks,
  ) {
    this.#cluster = cluster;
    this.#callbacks = callbacks;
    const host = cluster?.chooseHost({ hash: undefined, subset: undefined });
    services.stats.add('http.async-client.rq_total');
    const pool = host && cluster?.poolOf(host, 'DEFAULT');
    if (!pool) {
      if (cluster && !host) cluster.stats.traffic.upstream_cx_none_healthy.inc();
      cluster?.stats.charge(503, INTERNAL_FACTS);
      services.dispatcher.post('grpc_no_host', () => this.#close(UNAVAILABLE, cluster ? 'no healthy upstream' : ''));
      return;
    }
    this.#pooled = pool.newStream(
      {
        headers,
        body: '',
        duplex: {
          onOpen: (server) => this.#onOpen(server),
          onMessage: (message) => this.#onMessage(message),
        },
      },
      {
        onReady: () => undefined,
        onReply: (reply) => this.#onEnd(reply),
        onOverflow: () => this.#onFailure('overflow'),
      },
    );
  }

  send(message: JsonObject): void {
    if (this.#isOver) return;
    if (this.#server) this.#server.send(message);
    else this.#waiting.push(message);
  }

  reset(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#server?.reset();
    this.#pooled?.cancel();
  }

  #onOpen(server: DuplexServer): void {
    this.#server = server;
    for (const message of this.#waiting.splice(0)) server.send(message);
  }

  #onMessage(message: JsonObject): void {
    if (this.#isOver) return;
    this.#charge(OK_STATUS);
    this.#callbacks.onMessage(message);
  }

  /** By its first answer, whose headers say the code. */
  #charge(status: number): void {
    if (!this.#hasAnswered) this.#cluster?.stats.charge(status, INTERNAL_FACTS);
    this.#hasAnswered = true;
  }

  #onEnd(reply: UpstreamReply): void {
    if ('failure' in reply) return this.#onFailure(reply.failure);
    this.#charge(reply.response.status);
    const { headers, trailers } = reply.response;
    const end = trailers ?? headers;
    // The near side had not ended it yet.
    this.#cluster?.stats.traffic.upstream_rq_tx_reset.inc();
    const text = end.get('grpc-message') ?? '';
    this.#close(Number(end.get('grpc-status') ?? UNKNOWN), text === '' ? 'via_upstream' : `${text}{via_upstream}`);
  }

  #onFailure(failure: Failure): void {
    const { status, body, details } = localReplyOf(failure, false);
    if (!this.#hasAnswered) this.#charge(status);
    this.#close(UNAVAILABLE, `${body}{${details}}`);
  }

  #close(status: number, text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#callbacks.onClose(status, text);
  }
}
