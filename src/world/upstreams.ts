import { HeaderMap, type HttpResponse, type UpstreamNetwork, type UpstreamReply, type UpstreamRequest } from '#envoy';
import type { Dispatcher } from '#sim';
import type { ReplySpec, SeenRequest, UpstreamSpec } from './scenario.ts';

/** Virtual time that a message takes from the proxy to an upstream and back. */
const ROUND_TRIP_MS = 1;

/** The programmable upstreams of a scenario: each plays its replies in turn and notes what it got. */
export class Upstreams implements UpstreamNetwork {
  seen: SeenRequest[] = [];
  readonly #specs: ReadonlyMap<string, UpstreamSpec>;
  readonly #played = new Map<string, number>();
  readonly #dispatcher: Dispatcher;

  constructor(specs: readonly UpstreamSpec[], dispatcher: Dispatcher) {
    this.#specs = new Map(specs.map((spec) => [spec.address, spec]));
    this.#dispatcher = dispatcher;
  }

  send(address: string, request: UpstreamRequest, answered: (reply: UpstreamReply) => void): void {
    const spec = this.#specs.get(address);
    if (!spec || spec.refuse === true) {
      this.#dispatcher.createTimer('connection_refused', ROUND_TRIP_MS, () => answered({ failure: 'refused' }));
      return;
    }
    this.seen.push(seenBy(spec, request));
    const reply = matchingReply(spec, request) ?? this.#nextReply(spec);
    if (reply.never === true) return;
    const result: UpstreamReply = reply.reset ? { failure: 'reset' } : { response: responseOf(spec, reply) };
    this.#dispatcher.createTimer('upstream_reply', ROUND_TRIP_MS + (reply.delay_ms ?? 0), () => answered(result));
  }

  #nextReply(spec: UpstreamSpec): ReplySpec {
    const replies = spec.replies ?? [{}];
    const played = this.#played.get(spec.address) ?? 0;
    this.#played.set(spec.address, played + 1);
    return replies[Math.min(played, replies.length - 1)] ?? {};
  }
}

/** A reply under `when` answers the requests that it fits, outside the turn. */
function matchingReply(spec: UpstreamSpec, request: UpstreamRequest): ReplySpec | undefined {
  const path = request.headers.get(':path')?.split('?')[0];
  return spec.when?.find((reply) => (reply.path === undefined || reply.path === path) && (reply.header === undefined || request.headers.get(reply.header[0].toLowerCase()) === reply.header[1]));
}

function responseOf(spec: UpstreamSpec, reply: ReplySpec): HttpResponse {
  const status = reply.status ?? 200;
  const hasBody = status !== 204 && status !== 304;
  const body = reply.body ?? (reply.body_size ? 'x'.repeat(reply.body_size) : hasBody ? `${spec.name}\n` : '');
  const headers = new HeaderMap(reply.headers ?? []);
  if (hasBody && headers.get('content-length') === undefined) headers.set('content-length', String(body.length));
  return { status, headers, body, ...(reply.trailers ? { trailers: new HeaderMap(reply.trailers) } : {}) };
}

function seenBy(spec: UpstreamSpec, request: UpstreamRequest): SeenRequest {
  const headers = request.headers.pairs().filter(([name]) => !name.startsWith(':'));
  const isChunked = request.body !== '' && request.headers.get('content-length') === undefined;
  const chunked: [string, string][] = isChunked ? [['transfer-encoding', 'chunked']] : [];
  return {
    upstream: spec.name,
    method: request.headers.get(':method') ?? '',
    path: request.headers.get(':path') ?? '',
    headers: [['host', request.headers.get(':authority') ?? ''], ...headers, ...chunked],
    body: request.body,
  };
}
