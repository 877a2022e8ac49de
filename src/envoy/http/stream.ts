import { addressOf, hostOf, portOf } from '../network/address.ts';
import type { AccessLogger, UpstreamLog } from '../access_log/access_loggers.ts';
import type { JsonObject } from '#api';
import type { Runtime } from '../runtime/runtime.ts';
import type { Span } from '../tracing/tracer.ts';
import type { FilterManager } from './filter_manager.ts';
import type { Route } from '../router/route.ts';
import type { RouterSettings } from '../router/router_settings.ts';
import type { RouteConfig } from '../router/route_config.ts';
import type { VirtualHost } from '../router/virtual_host.ts';
import type { ClusterChoice, WeightedCluster } from '../router/cluster_choice.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Connection, HttpResponse, StreamRecord } from '../seams.ts';
import { StreamFacts } from '../stream_info/stream_facts.ts';
import { HeaderMap } from './header_map.ts';
import { isGrpc } from '../formatter/grpc_status.ts';
import { grpcHeaders } from './grpc_local_reply.ts';
import type { LocalReply, LocalReplyRewrite } from './local_reply.ts';
import type { ConnectionManagerStats } from './connection_manager_stats.ts';
import type { LocalReplyHow, StreamClient, StreamOwner, StreamResult } from './stream_owner.ts';
import { FilterState } from '../stream_info/filter_state.ts';

/** One request on its way through a connection manager, and what is known of it. */
export class Stream {
  readonly request: HeaderMap;
  requestBody: string;
  requestTrailers: HeaderMap | undefined;
  readonly statPrefix: string;
  readonly router: RouterSettings;
  readonly managerStats: ConnectionManagerStats['http'];
  readonly #stats: ConnectionManagerStats;
  readonly log: StreamRecord = {};
  readonly dynamicMetadata: JsonObject = {};
  /** `Any` by namespace. */
  readonly dynamicTypedMetadata: JsonObject = {};
  readonly filterState = new FilterState();
  readonly #flags: string[] = [];
  filters: FilterManager | undefined;
  /** The router has taken the request: from then on the route's response headers are added. */
  isRouted = false;
  hasReadBody = false;
  isHealthCheck = false;
  #receivedBytes: number;
  /** As it came: filters may have made something else of it. */
  #isGrpc: boolean;
  /** False as long as some of the request has yet to come. */
  isComplete = true;
  closesConnection = false;
  timers: { arm(stream: Stream): void; cancel(): void } | undefined;
  /** Those between router and upstream: what comes back has them see the answer. */
  upstreamFilters:
    { run(stream: Stream, cluster: Cluster): ((response: HttpResponse) => HttpResponse) | undefined } | undefined;
  choice: ClusterChoice | undefined;
  /** The host that a filter asks for. */
  overrideHost:
    { readonly address: string; readonly isStrict: boolean; readonly statusWhenGone?: number | undefined } | undefined;
  /** The protocol that the client wants to switch to. */
  upgrade: string | undefined;
  /** It may: what follows the headers is no HTTP any more. */
  isTunnel = false;
  client: StreamClient | undefined;
  /** The headers with which a tunnel was opened. */
  #head: HttpResponse | undefined;
  #tunnelBytes = 0;
  /** How long it may last in all, in virtual milliseconds; undefined: for ever. */
  durationMs: number | undefined;
  /** When something moved in the tunnel last, in virtual milliseconds. */
  movedMs = 0;
  /** This proxy's part of a trace. */
  span: Span | undefined;
  /** Of the request to the upstream, where it has one of its own. */
  upstreamSpan: Span | undefined;
  inject: ((headers: HeaderMap) => void) | undefined;
  /** The name of the operation that the other side is told. */
  decoratedOperation: string | undefined;
  redirects = 0;
  /** How often an internal redirect has sent the body once more. */
  resends = 0;
  /** Which route internal redirects of a route have led to. */
  #entered: Set<string> | undefined;
  readonly runtime: Runtime | undefined;
  /** A body of unknown length follows the headers, if only an empty one. */
  isChunked = false;
  /** What a gRPC client is told, where the status alone would say something else. */
  grpcStatus: number | undefined;
  readonly facts: StreamFacts;
  /** Log lines from before the end: of redirects that Envoy followed by itself, and of the request's start. */
  readonly earlierLogs: StreamRecord[] = [];
  readonly connection: Connection;
  /** Headers that only an answer of Envoy's own has. */
  readonly localHeaders: [string, string][] = [];
  /**
   * What goes on upstream for this stream. An object and not a callback: with a closure here V8 keeps what each request made
   * until the next full collection, and untraced requests take nearly twice the time.
   */
  upstream: { abandon(): void; write?(text: string): void } | undefined;
  #isDone = false;
  virtualHost: VirtualHost | undefined;
  cluster: Cluster | undefined;
  /** The entry of weighted_clusters that was picked: the narrowest level of headers. */
  weighted: WeightedCluster | undefined;
  route: Route | undefined;
  routeConfig: RouteConfig | undefined;
  readonly #loggers: readonly AccessLogger[];
  readonly #upstreamLog: UpstreamLog;
  readonly #encode: StreamOwner['encode'];
  readonly #rewriteLocalReply: LocalReplyRewrite | undefined;
  readonly #done: (result: StreamResult) => void;

  constructor(request: HeaderMap, requestBody: string, owner: StreamOwner, done: (result: StreamResult) => void) {
    this.request = request;
    this.connection = owner.connection;
    this.runtime = owner.runtime;
    this.facts = new StreamFacts(owner.nowMs, owner.network.listener, owner.random);
    this.router = owner.router;
    this.managerStats = owner.stats.http;
    this.#stats = owner.stats;
    this.log['bytes_received'] = 0;
    this.log['protocol'] = owner.protocol;
    const { filter_chain: chain, sni } = owner.network.log;
    this.filterState.inherit(owner.network.filterState);
    if (chain !== undefined) this.log['filter_chain'] = chain;
    if (sni !== undefined) this.log['sni'] = sni;
    this.log['remote'] = hostOf(owner.connection.remoteAddress);
    this.#encode = owner.encode;
    this.#rewriteLocalReply = owner.rewriteLocalReply;
    this.#loggers = owner.loggers;
    this.#upstreamLog = owner.upstreamLog;
    this.requestBody = requestBody;
    this.#receivedBytes = requestBody.length;
    this.#isGrpc = isGrpc(request);
    this.statPrefix = owner.statPrefix;
    this.routeConfig = owner.routeConfig;
    this.#done = done;
  }

  /** The headers of a stream that was there before them. */
  begin(headers: HeaderMap, body: string, isComplete: boolean): void {
    for (const [name, value] of headers.pairs()) this.request.add(name, value);
    this.requestBody = body;
    this.#receivedBytes = body.length;
    this.#isGrpc = isGrpc(this.request);
    this.isComplete = isComplete;
  }

  get #isCutOff(): boolean {
    if (this.upgrade !== undefined || !this.isComplete) return true;
    return (this.requestBody !== '' || this.isChunked) && !this.hasReadBody;
  }

  /** The client's own address, without its port. */
  get clientIp(): string {
    return String(this.log['remote']);
  }

  /** Request headers by level: the route, then the virtual host, then the route configuration has the last word. */
  mutateRequest(): void {
    this.#mutate('requestHeaders', this.request);
  }

  /** Notes Host and path as they are now. */
  logRequest(): void {
    for (const [field, name] of [
      ['authority', ':authority'],
      ['path', ':path'],
      ['original_path', 'x-envoy-original-path'],
    ] as const) {
      const value = this.request.get(name);
      if (value !== undefined) this.log[field] = value;
      else delete this.log[field];
    }
  }

  /** The client has gone: no answer, but a line in the log. */
  abort(details: string, flag: string): void {
    if (this.#isDone) return;
    this.upstream?.abandon();
    this.#conclude(this.#head ?? { status: 0, headers: new HeaderMap(), body: '' }, flag, details);
  }

  /** Ends a stream that waits for its upstream no longer. */
  expire(status: number, body: string, flags: string, details: string): void {
    if (this.#isDone) return;
    this.upstream?.abandon();
    if (this.#head) return this.endTunnel(flags, details, true);
    this.sendLocalReply(status, body, flags, details);
  }

  /** The body has been taken, by a filter that buffers or on its way upstream. */
  readBody(limit = Infinity): void {
    this.hasReadBody = limit >= this.#receivedBytes;
    this.log['bytes_received'] = Math.min(limit, this.#receivedBytes) * (this.resends + 1);
  }

  /** The body has come, and is more than a filter may hold: nobody takes it. */
  sendPayloadTooLarge(): void {
    this.managerStats.downstream_rq_too_large.inc();
    this.log['bytes_received'] = this.#receivedBytes;
    this.sendLocalReply(413, 'Payload Too Large', '-', 'request_payload_too_large');
  }

  /** The upstream has switched: its headers go to the client, and bytes follow both ways. */
  openTunnel(response: HttpResponse): void {
    this.movedMs = this.facts.nowMs;
    this.log['code'] = response.status;
    if (this.route) this.#mutate('responseHeaders', response.headers, response);
    this.filters!.encode(response, (encoded) => {
      this.#head = this.#encode(encoded, { isLocal: false, outcome: { flags: '-', details: 'via_upstream' } });
      this.client?.open(this.#head);
    });
  }

  /** Whether bytes go both ways by now. */
  get isTunnelOpen(): boolean {
    return this.#head !== undefined;
  }

  /** Bytes of the upstream behind its headers. */
  writeBytes(text: string): void {
    this.movedMs = this.facts.nowMs;
    this.#tunnelBytes += text.length;
    this.client?.write(text);
  }

  /** The upstream lets the client send its body. */
  sendContinue(): void {
    this.#stats.charge(100);
    this.client?.continue();
  }

  /** Bytes of the client behind its headers. */
  receiveBytes(text: string): void {
    this.movedMs = this.facts.nowMs;
    this.log['bytes_received'] = Number(this.log['bytes_received']) + text.length;
    this.upstream?.write?.(text);
  }

  /** The end of a tunnel; `isReset`: before its time. */
  endTunnel(flags: string, details: string, isReset: boolean): void {
    if (this.#isDone || !this.#head) return;
    if (isReset) this.managerStats.downstream_rq_tx_reset.inc();
    this.#conclude(this.#head, flags, details);
  }

  addFlag(flag: string): void {
    if (!this.#flags.includes(flag)) this.#flags.push(flag);
  }

  /** Whether redirects of a route lead to another for the first time. */
  entersRoute(from: string, to: string): boolean {
    const key = JSON.stringify([from, to]);
    if (this.#entered?.has(key) === true) return false;
    (this.#entered ??= new Set()).add(key);
    return true;
  }

  logRedirect(code: number): void {
    this.earlierLogs.push({ ...this.log, code, flags: '-', details: 'internal_redirect', bytes_sent: 0 });
  }

  sendLocalReply(status: number, body: string, flags: string, details: string, how: LocalReplyHow = {}): void {
    const headers = new HeaderMap(this.localHeaders);
    how.mutateHeaders?.(headers);
    const ownType = headers.get('content-type');
    const reply = this.#rewritten({ status, body, contentType: 'text/plain' }, headers, flags, details);
    if (this.#isGrpc) {
      for (const [name, value] of grpcHeaders(reply.status, reply.body, how.grpcStatus ?? this.grpcStatus))
        headers.set(name, value);
      headers.remove('content-length');
      return this.finish({ status: 200, headers, body: '' }, flags, details, true);
    }
    if (reply.body !== '') {
      headers.set('content-length', String(reply.body.length));
      if (headers.get('content-type') === ownType && reply.contentType !== 'text/plain')
        headers.set('content-type', reply.contentType);
    }
    this.finish({ status: reply.status, headers, body: reply.body }, flags, details, true);
  }

  /** As `local_reply_config` has it. */
  #rewritten(reply: LocalReply, headers: HeaderMap, flags: string, details: string): LocalReply {
    if (!this.#rewriteLocalReply) return reply;
    const context = this.context(headers);
    const all = this.#allFlags(flags);
    return this.#rewriteLocalReply(reply, headers, { ...context, log: { ...context.log, flags: all, details } });
  }

  /** `isOwn`: a local reply, and not what an upstream or a filter has made as it shall be. */
  finish(response: HttpResponse, flags: string, details: string, isOwn = details !== 'via_upstream'): void {
    if (this.#isDone) return;
    // A reply of Envoy's own has no code yet when its headers are written.
    if (!isOwn) this.log['code'] = response.status;
    this.log['details'] = details;
    this.log['flags'] = this.#allFlags(flags);
    if (this.route && this.isRouted) this.#mutate('responseHeaders', response.headers, response);
    // A text of Envoy's own is plain, unless the route's headers say otherwise: http/utility.cc, prepareLocalReply.
    const isOwnText = response.body !== '' && isOwn && !response.reset;
    // The route's headers come before those that tell of the text.
    if (isOwnText && response.headers.has('content-length'))
      response.headers.replace('content-length', String(response.body.length));
    if (isOwnText && !response.headers.has('content-type')) response.headers.set('content-type', 'text/plain');
    const send = (encoded: HttpResponse): void => {
      const outcome = { flags: this.#allFlags(flags), details };
      const finished = this.#encode(encoded, { isLocal: isOwn, outcome });
      const body = this.request.get(':method') === 'HEAD' ? '' : finished.body;
      this.#conclude({ ...finished, body }, flags, details);
    };
    // No body comes from an upstream that was asked by HEAD: filters see none either.
    const isHeadOnly = this.request.get(':method') === 'HEAD' && !isOwn;
    const whole = isHeadOnly ? { ...response, body: '' } : response;
    if (this.filters) this.filters.encode(whole, send);
    else send(whole);
  }

  #conclude(response: HttpResponse, flags: string, details: string): void {
    const { body } = response;
    this.#isDone = true;
    this.filters?.destroy();
    this.log['code'] = response.status;
    this.log['flags'] = this.#allFlags(flags);
    this.log['details'] = details;
    this.log['bytes_sent'] = this.#head ? this.#tunnelBytes : body.length;
    this.writeLogs('DownstreamEnd', response);
    this.#done({
      response,
      log: this.log,
      earlier: this.earlierLogs,
      isTunnel: this.isTunnelOpen,
      isCutOff: response.status !== 0 && this.#isCutOff,
      closesConnection: this.closesConnection,
    });
  }

  /** Those that filters have set, and the last one. */
  #allFlags(last: string): string {
    if (this.#flags.length === 0) return last;
    return (this.#flags.includes(last) || last === '-' ? this.#flags : [...this.#flags, last]).join(',');
  }

  /** Writes a line to each access log of the connection manager. */
  writeLogs(accessLogType: string, response?: HttpResponse): void {
    if (accessLogType !== 'DownstreamEnd') this.earlierLogs.push({ code: 0, flags: '-', bytes_sent: 0, ...this.log });
    if (this.#loggers.length === 0) return;
    const context = { ...this.context(response?.headers, response?.trailers), accessLogType };
    for (const write of this.#loggers) write(context);
  }

  /** Writes a line for one try: it has a code, flags and bytes of its own, and no count of tries. */
  logTry(code: number, flags: string, response?: HttpResponse, accessLogType = 'UpstreamEnd'): void {
    const { loggers, logsReady } = this.#upstreamLog;
    if (loggers.length === 0 || (accessLogType === 'UpstreamPoolReady' && !logsReady)) return;
    const log: StreamRecord = { ...this.log, bytes_sent: this.requestBody.length, code, flags };
    log['bytes_received'] = response?.body.length ?? 0;
    for (const name of ['attempts', 'details']) delete log[name];
    const context = { ...this.context(response?.headers, response?.trailers), log, accessLogType };
    for (const write of loggers) write(context);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  #mutate(key: 'requestHeaders' | 'responseHeaders', headers: HeaderMap, response?: HttpResponse): void {
    const { weighted, route, virtualHost, routeConfig } = this;
    const levels =
      routeConfig?.narrowestWins === true
        ? [weighted, routeConfig, virtualHost, route]
        : [weighted, route, virtualHost, routeConfig];
    for (const level of levels) {
      const mutation = level?.[key];
      if (!mutation || mutation.isEmpty) continue;
      const context = this.context(response?.headers);
      mutation.apply(headers, response ? { ...context, responseStatus: response.status } : context);
    }
  }

  /** What the access log and header formatters may ask of this stream. */
  context(response?: HeaderMap, trailers?: HeaderMap): FormatterContext {
    const { request, log, connection, route, cluster } = this;
    return {
      request,
      log,
      ...(response ? { response } : {}),
      ...(trailers ? { trailers } : {}),
      clusterName: cluster?.name,
      virtualHost: this.virtualHost,
      dynamicMetadata: this.dynamicMetadata,
      filterState: this.filterState,
      isHealthCheck: this.isHealthCheck,
      facts: this.facts,
      tls: connection.tls,
      routeMetadata: route?.node.child('metadata')?.raw('filter_metadata'),
      clusterMetadata: cluster?.node.child('metadata')?.raw('filter_metadata'),
      localAddress: connection.localAddress,
      directRemoteAddress: connection.directRemoteAddress,
      remoteAddress: addressOf(String(log['remote'] ?? ''), portOf(connection.remoteAddress)),
    };
  }
}
