import type { Json } from '#api';
import type { WireBytes } from '../http/wire_bytes.ts';
import type { EstablishedTls, UpstreamReply, UpstreamRequest } from '../seams.ts';
import type { Host } from '../upstream/host.ts';

/** What is known of a stream beside its log fields: times, the hosts that were tried, the trace. */
export class StreamFacts {
  readonly startMs: number;
  readonly listenerName: string;
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
  /** What went to the upstream over HTTP/1 at last, and what came back. */
  upstreamSent: Pick<UpstreamRequest, 'headers' | 'body'> | undefined;
  upstreamReply: Extract<UpstreamReply, { response: unknown }> | undefined;
  traceId: string | undefined;
  isTraced = false;

  constructor(nowMs: () => number, listenerName: string, startMs = nowMs()) {
    this.listenerName = listenerName;
    this.#nowMs = nowMs;
    this.startMs = startMs;
    this.requestDoneMs = this.startMs;
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
