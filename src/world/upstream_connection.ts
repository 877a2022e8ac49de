import {
  bytes,
  HeaderMap,
  requestText,
  type Payload,
  type SeenTls,
  type ServerHello,
  type UpstreamReply,
  type UpstreamRequest,
  type UpstreamSocket,
  type UpstreamSocketCallbacks,
} from '#envoy';
import type { Dispatcher } from '#sim';
import type { ReplySpec, SeenRequest, UpstreamSpec } from './scenario.ts';

/** What the upstream behind a connection does, beyond the connection itself. */
export interface UpstreamOwner {
  readonly dispatcher: Dispatcher;
  readonly roundTripMs: number;
  /** The reply whose turn it is. */
  nextReply(): ReplySpec;
  note(seen: SeenRequest): void;
  /** Plays a reply to an HTTP request. */
  answer(request: UpstreamRequest, answered: (reply: UpstreamReply) => void): void;
  commonName(certificate: string): string;
}

/** A `tcp` upstream notes what it got in one piece. */
type SeenBytes = { -readonly [K in keyof SeenRequest]: SeenRequest[K] };

/** The upstream's end of a connection of bytes: it greets, echoes, sends, closes, or answers HTTP. */
export class UpstreamConnection implements UpstreamSocket {
  readonly #spec: UpstreamSpec;
  readonly #owner: UpstreamOwner;
  readonly #callbacks: UpstreamSocketCallbacks;
  #tls: SeenTls | undefined;
  /** What a client inside TLS that the proxy does not end has yet to be shown. */
  #shown: ServerHello | undefined;
  #wraps = false;
  #reply: ReplySpec = {};
  #seen: SeenBytes | undefined;
  #buffer = '';
  #isGone = false;
  #isClosing = false;
  /** Bytes came after it had closed: they are answered with RST. */
  #isWrittenTo = false;

  constructor(spec: UpstreamSpec, tls: SeenTls | undefined, owner: UpstreamOwner, callbacks: UpstreamSocketCallbacks) {
    this.#spec = spec;
    this.#tls = tls;
    this.#owner = owner;
    this.#callbacks = callbacks;
    owner.dispatcher.createTimer('upstream_accept', owner.roundTripMs, () => this.#accept());
  }

  write(payload: Payload): void {
    if (this.#isGone) return this.#later(() => this.#callbacks.onClose('reset'));
    if (this.#isClosing) {
      this.#isWrittenTo = true;
      return;
    }
    if (payload.kind === 'tls') return this.#handshake(payload);
    // A TLS server makes nothing of plain bytes.
    if (this.#spec.tls && !this.#tls) return this.#close('reset');
    this.#receive(payload);
  }

  /** Whoever hears that no more bytes come closes too: that is what Node does. */
  end(): void {
    this.#close('fin');
  }

  destroy(): void {
    this.#isGone = true;
  }

  #accept(): void {
    if (this.#isGone) return;
    if (this.#spec.protocol !== 'tcp') return this.#callbacks.onConnected();
    this.#reply = this.#owner.nextReply();
    if (this.#reply.close === 'at_once') {
      this.#callbacks.onConnected();
      return this.#close('fin');
    }
    // Whoever hears of the connection may write at once: by then what is noted and the greeting have to stand.
    this.#seen = { upstream: this.#spec.name, tcp: '' };
    this.#owner.note(this.#seen);
    if (this.#reply.greeting !== undefined) this.#send(bytes(this.#reply.greeting));
    this.#callbacks.onConnected();
  }

  #handshake({ hello, inner }: Extract<Payload, { kind: 'tls' }>): void {
    const server = this.#spec.tls;
    if (!server) return this.#close('reset');
    if (!this.#tls && hello) {
      const alpn = server.alpn?.find((one) => hello.alpn?.includes(one));
      const agreed = alpn === undefined ? {} : { alpn };
      this.#tls = { ...(hello.sni === undefined ? {} : { sni: hello.sni }), ...agreed };
      this.#shown = { cn: this.#owner.commonName(server.cert), ...agreed };
      this.#wraps = true;
    }
    this.#receive(inner);
  }

  #receive(payload: Payload): void {
    if (this.#spec.protocol === 'tcp') return this.#receiveBytes(payload);
    if (payload.kind === 'request') return this.#receiveRequest(payload.headers, payload.body);
    if (payload.kind !== 'bytes') return;
    this.#buffer += payload.text;
    const request = readRequest(this.#buffer);
    if (!request) return;
    this.#buffer = '';
    this.#receiveRequest(request.headers, request.body, true);
  }

  #receiveBytes(payload: Payload): void {
    const text = payload.kind === 'request' ? requestText(payload.headers, payload.body) : textOf(payload);
    if (this.#seen) this.#seen.tcp += text;
    if (this.#reply.echo === true) this.#send(payload);
    if (this.#reply.send !== undefined) this.#send(bytes(this.#reply.send));
    if (this.#reply.close === 'after_data') this.#later(() => this.#close('fin'));
  }

  #receiveRequest(headers: HeaderMap, body: string, asText = false): void {
    const request = { headers, body, ...(this.#tls ? { tls: this.#tls } : {}) };
    this.#owner.answer(request, (reply) => {
      if ('failure' in reply) return this.#close('reset');
      const { response } = reply;
      if (!asText) return this.#deliver({ kind: 'response', response });
      const lines = response.headers.pairs().map((pair) => pair.join(': '));
      this.#deliver(bytes([`HTTP/1.1 ${response.status} OK`, ...lines, '', response.body].join('\r\n')));
    });
  }

  #send(payload: Payload): void {
    this.#later(() => this.#deliver(payload));
  }

  #deliver(payload: Payload): void {
    if (this.#isGone) return;
    const shown = this.#shown;
    this.#shown = undefined;
    this.#callbacks.onData(this.#wraps ? { kind: 'tls', ...(shown ? { shown } : {}), inner: payload } : payload);
  }

  #close(how: 'fin' | 'reset'): void {
    if (this.#isGone) return;
    this.#isClosing = true;
    this.#later(() => {
      if (this.#isGone) return;
      this.#isGone = true;
      this.#callbacks.onClose(this.#isWrittenTo ? 'reset' : how);
    });
  }

  #later(run: () => void): void {
    this.#owner.dispatcher.createTimer('upstream_bytes', this.#owner.roundTripMs, run);
  }
}

const textOf = (payload: Payload): string => (payload.kind === 'bytes' ? payload.text : '');

/** A whole request of HTTP/1; undefined as long as something of it is missing. */
function readRequest(text: string): { headers: HeaderMap; body: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = text.slice(0, Math.max(0, end)).split('\r\n');
  const [, method, target] = /^(\S+) (\S+) HTTP\/1\.[01]$/.exec(start) ?? [];
  if (end < 0 || method === undefined || target === undefined) return undefined;
  const headers = new HeaderMap([
    [':method', method],
    [':path', target],
  ]);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.add(name === 'host' ? ':authority' : name, line.slice(colon + 1).trim());
  }
  headers.removeAll(new Set(['connection']));
  const body = text.slice(end + 4);
  return body.length < Number(headers.get('content-length') ?? 0) ? undefined : { headers, body };
}
