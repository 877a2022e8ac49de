import {
  certificateName,
  HeaderMap,
  type Certificates,
  type HealthAnswer,
  type HealthQuestion,
  type HttpResponse,
  type UpstreamNetwork,
  type SeenTls,
  type ServerTls,
  type UpstreamReply,
  type UpstreamRequest,
  type UpstreamSocket,
  type UpstreamSocketCallbacks,
} from '#envoy';
import type { Dispatcher } from '#sim';
import type { AdsStream, AdsStreamCallbacks } from '#xds';
import { AdsUpstream } from './ads_upstream.ts';
import { sendAsBytes } from './byte_upstream.ts';
import { grpcResponse, seenByGrpc, serveDuplex } from './grpc_upstream.ts';
import type { ReplySpec, SeenRequest, UpstreamSpec } from './scenario.ts';
import { UpstreamConnection } from './upstream_connection.ts';

const NOTHING: SeenRequest = { upstream: '' };
/** Virtual time that a message takes from the proxy to an upstream and back. */
const ROUND_TRIP_MS = 1;

/** The programmable upstreams of a scenario: each plays its replies in turn and notes what it got. */
export class Upstreams implements UpstreamNetwork {
  seen: SeenRequest[] = [];
  seenTotal = 0;
  readonly #specs: Map<string, UpstreamSpec>;
  readonly #played = new Map<string, number>();
  readonly #managementServers = new Map<string, AdsUpstream>();
  readonly #dispatcher: Dispatcher;
  readonly #notes: boolean;
  readonly #certificates: Certificates;

  /** Without notes it only counts what it got: a load run needs no more. */
  constructor(
    specs: readonly UpstreamSpec[],
    dispatcher: Dispatcher,
    { notes = true, certificates = new Map() }: { notes?: boolean; certificates?: Certificates } = {},
  ) {
    this.#notes = notes;
    this.#certificates = certificates;
    this.#specs = new Map(specs.map((spec) => [spec.address, spec]));
    this.#dispatcher = dispatcher;
    for (const spec of specs)
      if (spec.protocol === 'ads')
        this.#managementServers.set(spec.address, new AdsUpstream(spec.resources ?? {}, dispatcher));
  }

  checkHealth(question: HealthQuestion, answered: (answer: HealthAnswer | undefined) => void): void {
    const spec = this.#specs.get(question.address);
    const answer = !spec || spec.refuse === true ? undefined : healthOf(spec, question);
    if (answer !== 'silence')
      this.#dispatcher.createTimer(`health_check_${question.kind}`, ROUND_TRIP_MS, () => answered(answer));
  }

  /** Simplified: `localhost` is known, and any other name leads nowhere. */
  resolve(name: string): string[] {
    return name === 'localhost' ? ['127.0.0.1'] : /^[\d.]+$/.test(name) || name.includes(':') ? [name] : [];
  }

  openDiscoveryStream(address: string, callbacks: AdsStreamCallbacks): AdsStream {
    const server = this.refuses(address) ? undefined : this.#managementServers.get(address);
    if (server) return server.open(callbacks);
    this.#dispatcher.createTimer('connection_refused', ROUND_TRIP_MS, () => callbacks.onClose());
    return { send: () => undefined, close: () => undefined };
  }

  /** The management server of an `ads` upstream, by its name. */
  managementServer(name: string): AdsUpstream | undefined {
    const spec = [...this.#specs.values()].find((one) => one.name === name);
    return spec && this.#managementServers.get(spec.address);
  }

  refuses(address: string): boolean {
    const spec = this.#specs.get(address);
    return !spec || spec.refuse === true;
  }

  tlsOf(address: string): ServerTls | undefined {
    const tls = this.#specs.get(address)?.tls;
    if (!tls) return undefined;
    const spec = this.#specs.get(address)!;
    return {
      certificate: this.#certificates.get(certificateName(tls.cert)),
      alpn: tls.alpn ?? (spec.protocol === 'http2' ? ['h2'] : []),
      ...(tls.ca === undefined ? {} : { clientCa: certificateName(tls.ca) }),
    };
  }

  whenConnected(run: () => void): void {
    this.#dispatcher.createTimer('upstream_handshake', ROUND_TRIP_MS, run);
  }

  connect(address: string, tls: SeenTls | undefined, callbacks: UpstreamSocketCallbacks): UpstreamSocket {
    const spec = this.#specs.get(address);
    if (!spec || spec.refuse === true) {
      this.#dispatcher.createTimer('connection_refused', ROUND_TRIP_MS, () => callbacks.onFailed('refused'));
      return { write: () => undefined, end: () => undefined, destroy: () => undefined };
    }
    const owner = {
      dispatcher: this.#dispatcher,
      roundTripMs: ROUND_TRIP_MS,
      nextReply: () => this.#nextReply(spec),
      note: (seen: SeenRequest) => this.#note(seen),
      answer: (request: UpstreamRequest, answered: (reply: UpstreamReply) => void) =>
        this.send(address, request, answered),
      commonName: (file: string) => this.#certificates.get(certificateName(file))?.cn ?? '',
    };
    return new UpstreamConnection(spec, tls, owner, callbacks);
  }

  #note(seen: SeenRequest): void {
    if (this.#notes) this.seen.push(seen);
    this.seenTotal++;
  }

  send(address: string, request: UpstreamRequest, answered: (reply: UpstreamReply) => void): void {
    const spec = this.#specs.get(address);
    if (!spec || spec.refuse === true) {
      this.#dispatcher.createTimer('connection_refused', ROUND_TRIP_MS, () => answered({ failure: 'refused' }));
      return;
    }
    if (speaksOtherwise(spec, request)) {
      this.#dispatcher.createTimer('protocol_error', ROUND_TRIP_MS, () => answered({ failure: 'protocol_error' }));
      return;
    }
    // A TLS server makes nothing of plain bytes, and plain HTTP asks for no certificate.
    if (spec.tls && !request.tls) {
      this.#dispatcher.createTimer('upstream_reply', ROUND_TRIP_MS, () => answered({ failure: 'reset' }));
      return;
    }
    if (spec.protocol === 'tcp')
      return sendAsBytes(request, (callbacks) => this.connect(address, request.tls, callbacks), answered);
    if (request.preamble !== undefined) return this.#refuseText(answered);
    if (spec.protocol === 'grpc') return this.#serveGrpc(spec, request, answered);
    this.#serveHttp(spec, request, answered);
  }

  /** A server of HTTP makes nothing of a header of the PROXY protocol. */
  #refuseText(answered: (reply: UpstreamReply) => void): void {
    const headers = new HeaderMap([['connection', 'close']]);
    const response = { status: 400, headers, body: '' };
    this.#dispatcher.createTimer('upstream_reply', ROUND_TRIP_MS, () => answered({ response }));
  }

  #serveHttp(spec: UpstreamSpec, request: UpstreamRequest, answered: (reply: UpstreamReply) => void): void {
    this.#note(this.#notes ? seenBy(spec, request) : NOTHING);
    const reply = matchingReply(spec, request) ?? this.#nextReply(spec);
    if (reply.never === true || (request.isIncomplete === true && reply.wait_for_body !== false)) return;
    const replied = replyOf(spec, reply, request);
    const result = 'response' in replied && continues(spec, request) ? { ...replied, continues: true } : replied;
    this.#dispatcher.createTimer('upstream_reply', ROUND_TRIP_MS + (reply.delay_ms ?? 0), () => answered(result));
  }

  #serveGrpc(spec: UpstreamSpec, request: UpstreamRequest, answered: (reply: UpstreamReply) => void): void {
    const seen = seenByGrpc(spec, request);
    this.#note(seen);
    const reply = this.#nextReply(spec);
    const world = { dispatcher: this.#dispatcher, roundTripMs: ROUND_TRIP_MS };
    if (request.duplex) return serveDuplex(reply, seen, request, world, (response) => answered({ response }));
    if (reply.never === true) return;
    const result: UpstreamReply =
      reply.reset === 'at_once' ? { failure: 'remote_reset' } : { response: grpcResponse(spec, reply, request) };
    this.#dispatcher.createTimer('upstream_reply', ROUND_TRIP_MS + (reply.delay_ms ?? 0), () => answered(result));
  }

  /** Changes an upstream by name: its replies start anew, or it goes down or comes back. */
  change(
    name: string,
    change: {
      health?: UpstreamSpec['health'];
      replies?: readonly ReplySpec[] | undefined;
      down?: boolean | undefined;
      up?: boolean | undefined;
    },
  ): void {
    for (const [address, spec] of this.#specs) {
      if (spec.name !== name) continue;
      if (change.replies) this.#played.delete(address);
      if (change.down === true) this.#managementServers.get(address)?.stop();
      const refuse = change.down === true ? true : change.up === true ? false : spec.refuse === true;
      this.#specs.set(address, {
        ...spec,
        refuse,
        ...(change.replies ? { replies: change.replies } : {}),
        ...(change.health === undefined ? {} : { health: change.health }),
      });
    }
  }

  #nextReply(spec: UpstreamSpec): ReplySpec {
    const replies = spec.replies ?? [{}];
    const played = this.#played.get(spec.address) ?? 0;
    this.#played.set(spec.address, played + 1);
    return replies[Math.min(played, replies.length - 1)] ?? {};
  }
}

/** A server that knows no HTTP greets, or says what was said to it. */
function healthOfBytes({ replies }: UpstreamSpec, question: HealthQuestion): HealthAnswer | 'silence' {
  const { greeting = '', echo = false } = replies?.[0] ?? {};
  const body = greeting + (echo ? question.sends : '');
  const isAnswered = question.kind === 'tcp' && (!question.waits || body !== '');
  return isAnswered ? { status: 200, headers: new HeaderMap(), body } : 'silence';
}

/** What an upstream says of its health, undefined where it ends the connection. */
function healthOf(spec: UpstreamSpec, question: HealthQuestion): HealthAnswer | 'silence' | undefined {
  const { protocol = 'http1', health = {} } = spec;
  const headers = new HeaderMap(typeof health === 'string' ? [] : (health.headers ?? []));
  if (protocol === 'tcp') return healthOfBytes(spec, question);
  if (question.kind === 'http' && question.isHttp2 !== (protocol === 'http2')) return undefined;
  if (typeof health === 'string') return { status: 200, headers, body: '', serving: health === 'SERVING' };
  return { status: health.status ?? 200, headers, body: health.body ?? '', serving: true };
}

/** A server that knows one protocol alone closes what begins otherwise. */
const speaksOtherwise = ({ protocol = 'http1' }: UpstreamSpec, request: UpstreamRequest): boolean =>
  (protocol === 'http2' && request.protocol === 'HTTP/1.1') || (protocol === 'http1' && request.protocol === 'HTTP/2');

/** What Node's server says of a connection that stays. */
const KEPT_ALIVE = { connectionHeaders: new HeaderMap([['keep-alive', 'timeout=65']]) };

function replyOf(spec: UpstreamSpec, reply: ReplySpec, request: UpstreamRequest): UpstreamReply {
  if (reply.reset === 'after_headers')
    return { response: { ...responseOf(spec, reply, request), body: '' }, cut: 'after_headers' };
  if (reply.reset) return { failure: spec.protocol === 'http2' ? 'remote_reset' : 'reset' };
  const response = responseOf(spec, reply, request);
  return response.headers.get('connection') === 'keep-alive' ? { response, ...KEPT_ALIVE } : { response };
}

/** What an HTTP/1 server says by itself to a client that asks whether its body may come. */
const continues = ({ protocol = 'http1' }: UpstreamSpec, { headers }: UpstreamRequest): boolean =>
  protocol === 'http1' && headers.get('expect')?.toLowerCase() === '100-continue';

/** A reply under `when` answers the requests that it fits, outside the turn. */
function matchingReply(spec: UpstreamSpec, request: UpstreamRequest): ReplySpec | undefined {
  const path = request.headers.get(':path')?.split('?')[0];
  return spec.when?.find(
    (reply) =>
      (reply.path === undefined || reply.path === path) &&
      (reply.header === undefined || request.headers.get(reply.header[0].toLowerCase()) === reply.header[1]),
  );
}

const saysLength = (headers: HeaderMap): boolean => headers.has('content-length') || headers.has('transfer-encoding');

function responseOf(spec: UpstreamSpec, reply: ReplySpec, request: UpstreamRequest): HttpResponse {
  const status = reply.status ?? 200;
  const hasBody = status !== 204 && status !== 304 && reply.say_name !== false;
  const body = reply.body ?? (reply.body_size ? 'x'.repeat(reply.body_size) : hasBody ? `${spec.name}\n` : '');
  const headers = new HeaderMap(reply.headers ?? []);
  if (hasBody && spec.protocol !== 'http2' && !saysLength(headers)) headers.set('content-length', String(body.length));
  const asked = request.headers.get('connection') === 'close' ? 'close' : 'keep-alive';
  if (saysFate(spec, status, headers)) headers.set('connection', asked);
  const spelled = isSpelled(reply) ? [...NODE_SPELLING, ...reply.headers!.map(([name]) => name)] : NODE_SPELLING;
  return { status, headers, body, spelled, ...(reply.trailers ? { trailers: new HeaderMap(reply.trailers) } : {}) };
}

/** How the headers are written that no reply has to name. */
const NODE_SPELLING: readonly string[] = ['Connection', 'Keep-Alive', 'Transfer-Encoding', 'content-length'];

const isSpelled = ({ headers = [] }: ReplySpec): boolean => headers.some(([name]) => name !== name.toLowerCase());

function seenBy(spec: UpstreamSpec, request: UpstreamRequest): SeenRequest {
  const headers = request.headers.pairs().filter(([name]) => !name.startsWith(':') && name !== 'connection');
  const isChunked = request.body !== '' && request.headers.get('content-length') === undefined;
  const chunked: [string, string][] = isChunked ? [['transfer-encoding', 'chunked']] : [];
  const pseudo: [string, string][] = [':method', ':path', ':scheme', ':authority'].flatMap((name) =>
    request.headers.has(name) ? [[name, request.headers.get(name)!] as [string, string]] : [],
  );
  return {
    upstream: spec.name,
    ...(spec.tls && request.tls ? { tls: request.tls } : {}),
    method: request.headers.get(':method') ?? '',
    path: request.headers.get(':path') ?? '',
    headers:
      spec.protocol === 'http2'
        ? [...pseudo, ...headers]
        : [['host', request.headers.get(':authority') ?? ''], ...headers, ...chunked],
    // What it has is noted when it begins to answer, or never.
    body: request.isIncomplete === true ? '' : request.body,
  };
}

/** An HTTP/1 server says what becomes of the connection, unless the answer has a word of its own. */
const saysFate = (spec: UpstreamSpec, status: number, headers: HeaderMap): boolean =>
  (spec.protocol ?? 'http1') === 'http1' && status >= 200 && !headers.has('connection');
