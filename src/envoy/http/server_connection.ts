import type { CloseEvent, NetworkConnection, NetworkFilter, NetworkFilterStatus } from '../network/filter.ts';
import { bytes, type Payload } from '../network/payload.ts';
import type { ConnectionManager } from './connection_manager.ts';
import { decodeHttp1, encodeHttp1, encodeHttp1Head } from './http1_codec.ts';
import type { Stream, StreamResult } from './stream.ts';

const PROTOCOLS = { http1: 'HTTP/1.1', http2: 'HTTP/2' } as const;

/** The server side of HTTP on one connection: messages as they are, bytes through the HTTP/1 codec, one request after the other. */
export class ServerConnection implements NetworkFilter {
  readonly #manager: ConnectionManager;
  readonly #connection: NetworkConnection;
  /** Bytes that no request has taken yet. */
  #buffer = '';
  #stream: Stream | undefined;

  constructor(manager: ConnectionManager, connection: NetworkConnection) {
    this.#manager = manager;
    this.#connection = connection;
    manager.stats.opened(connection.facts);
  }

  onData(payload: Payload): NetworkFilterStatus {
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
    const hadRequest = this.#stream !== undefined && this.#connection.facts.protocol === 'http1';
    const { nowMs, startMs } = this.#connection.streamFacts;
    this.#manager.stats.closed(this.#connection.facts, nowMs - startMs, { isLocal: by === 'local', hadRequest });
    if (by === 'remote') this.#stream?.abort('downstream_remote_disconnect', 'DC');
  }

  #decodeMessage({ headers, body, protocol }: Extract<Payload, { kind: 'request' }>): void {
    const incoming = { headers, body, protocol: PROTOCOLS[protocol] };
    let isOver = false;
    const stream = this.#manager.newStream(this.#connection, incoming, ({ response, isTunnel }) => {
      isOver = true;
      this.#stream = undefined;
      if (isTunnel) this.#connection.close();
      else if (response.status !== 0) this.#connection.write({ kind: 'response', response });
    });
    if (isOver) return;
    this.#stream = stream;
    if (!stream.isTunnel) return;
    stream.client = {
      open: (head) => this.#connection.write({ kind: 'response', response: head }),
      write: (text) => this.#connection.write(bytes(text)),
    };
  }

  /** One request at a time: the next is read when this one has its answer. */
  #decodeBytes(): void {
    while (this.#buffer !== '' && !this.#stream && this.#connection.isOpen) {
      const decoded = decodeHttp1(this.#buffer, this.#manager.node);
      this.#buffer = decoded.kind === 'request' ? decoded.rest : '';
      // Of a switch that came to nothing, nobody knows what the client sends behind it.
      const closes = decoded.kind === 'error' || decoded.closes || decoded.isTunnel;
      let isOver = false;
      const stream = this.#manager.newStream(this.#connection, decoded, (result) => {
        isOver = true;
        this.#stream = undefined;
        this.#answer(result, closes);
      });
      if (isOver) continue;
      this.#stream = stream;
      if (stream.isTunnel) this.#tunnel(stream, String(decoded.protocol));
    }
  }

  /** What the client sends from here on belongs to the stream. */
  #tunnel(stream: Stream, protocol: string): void {
    stream.client = {
      open: (head) => this.#connection.write(bytes(encodeHttp1Head(head, protocol))),
      write: (text) => this.#connection.write(bytes(text)),
    };
    const first = this.#buffer;
    this.#buffer = '';
    if (first !== '') stream.receiveBytes(first);
  }

  #answer({ response, log, isTunnel }: StreamResult, closes: boolean): void {
    if (response.status === 0) return;
    if (isTunnel) return this.#connection.close();
    const isLast = closes || response.status === 408 || response.reset === true;
    this.#connection.write(bytes(encodeHttp1(response, String(log['protocol']), isLast)));
    if (isLast) this.#connection.close();
    else this.#decodeBytes();
  }
}
