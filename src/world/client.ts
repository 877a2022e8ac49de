import {
  bytes,
  certificateName,
  HeaderMap,
  needsLength,
  type ClientConnection,
  type ClientHello,
  type Connection,
  type Envoy,
  type HttpResponse,
  type Payload,
  type ServerHello,
} from '#envoy';
import type { Dispatcher } from '#sim';
import { maskHeaders, maskRaw } from './masks.ts';
import type { RequestSpec, StepResult } from './scenario.ts';

const CLIENT_PORT = 40_000;
/** How long a client of raw bytes stays. */
const LISTEN_MS = 400;

type Response = NonNullable<StepResult['response']>;

/** A request under way: what its client has seen so far, and whether it is through. */
export interface SentRequest {
  readonly response: Response;
  readonly isOver: boolean;
}

/** Opens a connection, sends what is asked for, and listens as long as such a client does. */
export function sendRequest(world: { envoy: Envoy; dispatcher: Dispatcher }, spec: RequestSpec): SentRequest {
  const client = spec.raw === undefined ? new HttpClient(spec) : new RawClient();
  client.connect(world.envoy, world.dispatcher, spec);
  return client;
}

const RESET: Response = { failed: 'ECONNRESET' };

/** A client at the other end of a connection. */
abstract class Client implements SentRequest {
  abstract readonly response: Response;
  isOver = false;
  protected connection: ClientConnection | undefined;
  protected shown: ServerHello | undefined;

  connect(envoy: Envoy, dispatcher: Dispatcher, spec: RequestSpec): void {
    this.connection = envoy.connect(connectionOf(spec), helloOf(spec), {
      onSecured: (shown) => void (this.shown = shown),
      onData: (payload) => this.onData(payload),
      onEnd: () => this.leave(),
      onClose: () => this.close(),
    });
    if (!this.connection) return this.close();
    this.send(spec, dispatcher);
  }

  protected abstract send(spec: RequestSpec, dispatcher: Dispatcher): void;
  protected abstract onData(payload: Payload): void;

  protected close(): void {
    this.isOver = true;
  }

  protected leave(): void {
    this.isOver = true;
    this.connection?.receiveEnd();
  }
}

/** Sends bytes, and keeps all that comes until the connection ends or its time is up. */
class RawClient extends Client {
  #text = '';

  get response(): Response {
    return { raw: maskRaw(this.#text) };
  }

  protected send(spec: RequestSpec, dispatcher: Dispatcher): void {
    dispatcher.createTimer('client_leaves', spec.listen_ms ?? LISTEN_MS, () => {
      if (!this.isOver) this.leave();
    });
    if (spec.raw !== '') this.connection!.receive(bytes(spec.raw!.replace(/\r?\n/g, '\r\n')));
  }

  protected onData(payload: Payload): void {
    if (payload.kind === 'bytes') this.#text += payload.text;
  }
}

/** Sends one request and closes once it has the answer. */
class HttpClient extends Client {
  readonly #spec: RequestSpec;
  #response: Response = RESET;

  constructor(spec: RequestSpec) {
    super();
    this.#spec = spec;
  }

  get response(): Response {
    return this.#response;
  }

  protected send(spec: RequestSpec, dispatcher: Dispatcher): void {
    const { protocol = 'http1' } = spec;
    if (spec.abort_after_ms !== undefined)
      dispatcher.createTimer('client_abort', spec.abort_after_ms, () => this.#abort());
    // HTTP/1 drops trailers unless a listener is told to keep them.
    const trailers = protocol === 'http2' && spec.trailers ? { trailers: new HeaderMap(spec.trailers) } : {};
    const body = bodyOf(spec);
    const isOpen = protocol === 'http2' && (body === '' || (body === undefined && spec.trailers !== undefined));
    const message = { headers: headersOf(spec), body: body ?? '', isOpen, ...trailers };
    this.connection!.receive({ kind: 'request', protocol, ...message });
  }

  protected onData(payload: Payload): void {
    if (payload.kind === 'response') {
      const tls = this.shown && { cn: this.shown.cn, ...(this.shown.alpn ? { alpn: this.shown.alpn } : {}) };
      this.#response = { ...clientSees(payload.response, this.#spec), ...(tls ? { tls } : {}) };
    } else this.#response = { failed: payload.kind === 'rst_stream' ? 'reset' : 'HPE_INVALID_CONSTANT' };
    this.leave();
  }

  #abort(): void {
    if (this.isOver) return;
    this.#response = { failed: 'client_abort' };
    if (this.#spec.protocol === 'http2') this.connection!.receive({ kind: 'rst_stream' });
    this.leave();
  }
}

function clientSees(response: HttpResponse, spec: RequestSpec): Response {
  if (spec.protocol !== 'http2' && spec.method !== 'HEAD' && needsLength(response) && response.reset !== true)
    response.headers.add('content-length', '0');
  return {
    status: response.status,
    // Of one connection, and not compared.
    headers: maskHeaders(response.headers.pairs()).filter(
      ([name]) => name !== 'connection' && name !== 'transfer-encoding',
    ),
    body: response.body,
    ...(response.trailers ? { trailers: response.trailers.pairs() } : {}),
    ...(response.reset === true ? { reset: true as const } : {}),
  };
}

function connectionOf(spec: RequestSpec): Connection {
  const remoteAddress = `${spec.from ?? '127.0.0.1'}:${CLIENT_PORT}`;
  return {
    localAddress: spec.to,
    remoteAddress,
    directRemoteAddress: remoteAddress,
    protocol: spec.protocol ?? 'http1',
  };
}

function helloOf({ tls, protocol }: RequestSpec): ClientHello | undefined {
  if (!tls) return undefined;
  const alpn = tls.alpn ?? (protocol === 'http2' ? ['h2'] : undefined);
  return {
    ...(tls.sni === undefined ? {} : { sni: tls.sni }),
    ...(alpn ? { alpn } : {}),
    ...(tls.max_version === undefined ? {} : { maxVersion: tls.max_version }),
    ...(tls.cert === undefined ? {} : { clientCertificate: certificateName(tls.cert) }),
  };
}

const bodyOf = (spec: RequestSpec): string | undefined =>
  spec.body ?? spec.chunks?.join('') ?? (spec.body_size === undefined ? undefined : 'x'.repeat(spec.body_size));

const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

function headersOf(spec: RequestSpec): HeaderMap {
  const headers = new HeaderMap([
    [':method', spec.method ?? 'GET'],
    [':path', spec.path ?? '/'],
  ]);
  if (spec.authority !== null) headers.add(':authority', spec.authority ?? 'example.com');
  for (const [name, value] of spec.headers ?? [])
    headers.add(name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, ''));
  // It sends one request, and says so.
  if (spec.protocol !== 'http2' && !headers.has('connection')) headers.add('connection', 'close');
  addLength(headers, spec);
  return headers;
}

/** What Node's client says of the length of a body that the scenario does not speak of. */
function addLength(headers: HeaderMap, spec: RequestSpec): void {
  if (spec.protocol === 'http2' || headers.has('content-length') || headers.has('transfer-encoding')) return;
  const body = bodyOf(spec);
  if (body !== undefined && !spec.chunks) headers.add('content-length', String(body.length));
  // Where there may be a body, and nothing says that there is none, it sends in chunks.
  else if (spec.chunks || !WITHOUT_BODY.has(spec.method ?? 'GET')) headers.add('transfer-encoding', 'chunked');
}
