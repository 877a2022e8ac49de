import type { CloseEvent, NetworkConnection, NetworkFilter, NetworkFilterStatus } from '../network/filter.ts';
import { bytes, type Payload } from '../network/payload.ts';
import type { ConnectionDrain } from './connection_drain.ts';
import type { ConnectionManager, Incoming } from './connection_manager.ts';
import { encodeHttp1, encodeHttp1Head, reasonOf } from './http1_codec.ts';
import { decodeHttp1, type Decoded } from './http1_request.ts';
import type { HttpResponse } from './http_response.ts';
import type { Stream } from './stream.ts';
import type { StreamResult } from './stream_owner.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const PROTOCOLS = { http1: 'HTTP/1.1', http2: 'HTTP/2' } as const;

/** The server side of HTTP on one connection: messages as they are, bytes through the HTTP/1 codec, one request after the other. */
export class ServerConnection implements NetworkFilter {
  readonly #manager: ConnectionManager;
  readonly #connection: NetworkConnection;
  /** Bytes that no request has taken yet. */
  #buffer = '';
  #stream: Stream | undefined;
  #isAwaitingHeaders = false;
  #requests = 0;
  #hasCodec = false;
  readonly #drain: ConnectionDrain | undefined;
  /** What becomes of the connection after the answer. */
  #fate: 'close' | 'keep-alive' | undefined;

  constructor(manager: ConnectionManager, connection: NetworkConnection) {
    this.#manager = manager;
    this.#connection = connection;
    manager.stats.opened(connection.facts);
    this.#drain = manager.drainOf({
      hasCodec: () => this.#hasCodec,
      isBusy: () => this.#stream !== undefined,
      close: () => connection.close(),
    });
  }

  onData(payload: Payload): NetworkFilterStatus {
    this.#hasCodec = true;
    this.#drain?.onBusy();
    this.#connection.log['protocol'] ??= PROTOCOLS[this.#connection.facts.protocol];
    switch (payload.kind) {
      case 'request':
        this.#decodeMessage(payload);
        break;
      case 'bytes':
        if (this.#stream?.isTunnel === true) this.#stream.receiveBytes(payload.text);
        else this.#buffer += payload.text;
        this.#decodeBytes();
        break;
      case 'rst_stream':
        this.#stream?.abort('http2.remote_reset', 'DR');
        break;
      case 'tls':
      case 'response':
        this.#buffer = '\x16\x03\x01';
        this.#decodeBytes();
    }
    return 'stop_iteration';
  }

  onClose(by: CloseEvent): void {
    this.#drain?.cancel();
    const hadRequest = this.#stream !== undefined && this.#connection.facts.protocol === 'http1';
    const { nowMs, startMs } = this.#connection.streamFacts;
    this.#manager.stats.closed(this.#connection.facts, nowMs - startMs, { isLocal: by === 'local', hadRequest });
    if (by === 'remote') this.#stream?.abort('downstream_remote_disconnect', 'DC');
  }

  #decodeMessage({ headers, body, protocol, trailers, isOpen = false }: Extract<Payload, { kind: 'request' }>): void {
    // HTTP/2 sends cookies one by one.
    const cookies = headers.all('cookie');
    if (protocol === 'http2' && cookies.length > 0) headers.replace('cookie', cookies.join('; '));
    const incoming = { headers, body, protocol: PROTOCOLS[protocol], isOpen, ...(trailers ? { trailers } : {}) };
    this.#manager.continues(headers);
    let isOver = false;
    const stream = this.#manager.newStream(this.#connection, incoming, ({ response, isTunnel }) => {
      isOver = true;
      this.#stream = undefined;
      if (isTunnel) this.#connection.close();
      else if (response.status !== 0) this.#connection.write({ kind: 'response', response: this.#encodable(response) });
      else if (this.#connection.isOpen) this.#connection.write({ kind: 'rst_stream' });
    });
    if (isOver) return;
    this.#stream = stream;
    stream.client = {
      // A client of whole messages hears only the last answer.
      continue: () => undefined,
      open: (head) => this.#connection.write({ kind: 'response', response: head }),
      write: (text) => this.#connection.write(bytes(text)),
    };
  }

  /** HTTP/1 has no trailers unless it is told to keep them. */
  #encodable(response: HttpResponse): HttpResponse {
    const keeps = !response.trailers || this.#connection.facts.protocol === 'http2' || this.#keepsTrailers;
    return keeps ? response : withoutTrailers(response);
  }

  get #keepsTrailers(): boolean {
    return this.#manager.node.child('http_protocol_options')?.flag('enable_trailers') === true;
  }

  /** One request at a time: the next is read when this one has its answer. */
  #decodeBytes(): void {
    while (this.#buffer !== '' && this.#connection.isOpen) {
      if (this.#stream && !this.#isAwaitingHeaders) return;
      const decoded = decodeHttp1(this.#buffer, this.#manager.node);
      if (decoded.kind === 'incomplete') return this.#awaitHeaders();
      this.#buffer = decoded.kind === 'request' ? decoded.rest : '';
      this.#begin(decoded);
    }
  }

  /** A request has begun: from here on it is logged, and its time runs. */
  #awaitHeaders(): void {
    if (this.#stream) return;
    this.#isAwaitingHeaders = true;
    this.#fate = 'close';
    this.#newStream({ kind: 'incomplete', protocol: 'HTTP/1.1' });
  }

  #begin(decoded: Exclude<Decoded, { kind: 'incomplete' }>): void {
    const isRequest = decoded.kind === 'request';
    if (isRequest && this.#manager.continues(decoded.headers)) this.#connection.write(bytes(CONTINUE));
    const isLast = ++this.#requests === this.#manager.maxRequestsPerConnection;
    if (isLast) this.#manager.stats.http.downstream_cx_max_requests_reached.inc();
    // Of a switch that came to nothing, nobody knows what the client sends behind it.
    const closes = isLast || !isRequest || decoded.closes || decoded.isTunnel;
    this.#fate = closes ? 'close' : isRequest && decoded.keepsAlive ? 'keep-alive' : undefined;
    const stream = this.#isAwaitingHeaders ? this.#goOn(this.#stream!, decoded) : this.#newStream(decoded);
    this.#isAwaitingHeaders = false;
    if (!stream.isDone) this.#attach(stream, isRequest ? decoded.protocol : 'HTTP/1.1');
  }

  #newStream(incoming: Incoming): Stream {
    const stream = this.#manager.newStream(this.#connection, incoming, (result) => this.#answer(result));
    if (!stream.isDone) this.#stream = stream;
    return stream;
  }

  /** The stream was there before its headers. */
  #goOn(stream: Stream, decoded: Exclude<Decoded, { kind: 'incomplete' }>): Stream {
    if (decoded.kind === 'request') this.#manager.beginStream(stream, decoded);
    else stream.expire(decoded.status, reasonOf(decoded.status), 'DPE', decoded.details);
    return stream;
  }

  /** What the client of a tunnel sends from here on belongs to the stream. */
  #attach(stream: Stream, protocol: string): void {
    stream.client = {
      continue: () => this.#connection.write(bytes(CONTINUE)),
      open: (head) => this.#connection.write(bytes(encodeHttp1Head(head, protocol, [], this.#manager.headerKeyFormat))),
      write: (text) => this.#connection.write(bytes(text)),
    };
    if (!stream.isTunnel) return;
    const first = this.#buffer;
    this.#buffer = '';
    if (first !== '') stream.receiveBytes(first);
  }

  #answer(result: StreamResult): void {
    this.#stream = undefined;
    const { response, log } = result;
    if (response.status === 0) return;
    if (result.isTunnel) return this.#connection.close();
    const closes = result.isCutOff || result.closesConnection || response.status === 408 || response.reset === true;
    const fate = closes ? 'close' : this.#fate;
    // One that drains says so, and yet goes on until its time is over.
    const connection = this.#drain?.isDraining === true ? 'close' : fate;
    this.#connection.write(
      bytes(encodeHttp1(response, String(log['protocol']), connection, this.#manager.headerKeyFormat)),
    );
    if (fate === 'close') return this.#connection.close();
    if (this.#drain?.isClosing === true) return this.#drain.close();
    this.#decodeBytes();
    if (this.#buffer === '' && !this.#stream) this.#drain?.onIdle();
  }
}

function withoutTrailers(response: HttpResponse): HttpResponse {
  const { trailers, ...rest } = response;
  return trailers ? rest : response;
}
