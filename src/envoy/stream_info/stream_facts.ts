import type { Json } from '#api';
import type { Random } from '#sim';
import type { WireBytes } from '../http/wire_bytes.ts';
import type { EstablishedTls, UpstreamReply, UpstreamRequest } from '../seams.ts';
import type { Host } from '../upstream/host.ts';

/** The listener that a connection came to, as far as a log may ask of it. */
export interface ListenerInfo {
  readonly name: string;
  readonly metadata?: Json | undefined;
  readonly direction: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
}

/** What is known of a stream beside its log fields: times, the hosts that were tried, the trace. */
export class StreamFacts {
  readonly startMs: number;
  readonly listener: ListenerInfo;
  /** Where ids come from that nobody else uses; absent for whole connections. */
  readonly random: Random | undefined;
  readonly #nowMs: () => number;
  /** When the whole request had been taken; a request is taken at once. */
  readonly requestDoneMs: number;
  upstreamRequestMs: number | undefined;
  upstreamResponseMs: number | undefined;
  /** Each once. */
  readonly hostsAttempted: Host[] = [];
  #host: Host | undefined;
  upstreamProtocol: string | undefined;
  upstreamTls: EstablishedTls | undefined;
  /** Bytes to and from the upstream of a connection that passes bytes. */
  upstreamBytes: { readonly sent: number; readonly received: number } | undefined;
  /** The request as its client sent it over HTTP/1, and whether that client wants no more from the connection. */
  received: (WireBytes & { readonly closes: boolean }) | undefined;
  /** The headers that the client sent over HTTP/2, once they are unpacked. */
  unpackedBytes: number | undefined;
  /** What went to upstreams over HTTP/1, try after try, and what came back. */
  readonly upstreamSent: Pick<UpstreamRequest, 'headers' | 'body'>[] = [];
  readonly upstreamReplies: Extract<UpstreamReply, { response: unknown }>[] = [];
  traceId: string | undefined;
  spanId: string | undefined;
  isTraced = false;

  constructor(nowMs: () => number, listener: ListenerInfo, random?: Random, startMs = nowMs()) {
    this.random = random;
    this.listener = listener;
    this.#nowMs = nowMs;
    this.startMs = startMs;
    this.requestDoneMs = this.startMs;
  }

  /** What an access log may measure, where anybody asks: of HTTP/1 alone. */
  noteSent(request: Pick<UpstreamRequest, 'headers' | 'body'>): void {
    if (this.#isMeasured) this.upstreamSent.push(request);
  }

  noteReply(reply: Extract<UpstreamReply, { response: unknown }>): void {
    if (this.#isMeasured) this.upstreamReplies.push(reply);
  }

  /** It was measured as it came. */
  get #isMeasured(): boolean {
    return this.received !== undefined || this.unpackedBytes !== undefined;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  /** A try goes to a host. */
  attempted(host: Host): void {
    this.#host = host;
    if (!this.hostsAttempted.includes(host)) this.hostsAttempted.push(host);
  }

  get host(): Host | undefined {
    return this.#host;
  }

  /** `filter_metadata` of the endpoint that was chosen last. */
  get hostMetadata(): Json | undefined {
    return this.host?.node.child('metadata')?.raw('filter_metadata');
  }
}
