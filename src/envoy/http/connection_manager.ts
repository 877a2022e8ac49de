import type { Random } from '#sim';
import {
  compileAccessLogs,
  compileUpstreamLog,
  type AccessLogger,
  type UpstreamLog,
} from '../access_log/access_loggers.ts';
import { accessLogServices, tracerServices } from './collector_services.ts';
import type { ConfigNode } from '../config_node.ts';
import { routeUpstream } from '../router/route_upstream.ts';
import type { RouterServices } from '../router/router_services.ts';
import { compileRouter, type RouterSettings } from '../router/router_settings.ts';
import type { RouteConfigProvider } from '../router/route_config_provider.ts';
import type { NetworkConnection } from '../network/filter.ts';
import { AsyncGrpcClient } from '../grpc/grpc_client.ts';
import { AsyncClient } from './async_client.ts';
import { ConnectionDrain, type DrainOwner } from './connection_drain.ts';
import { FilterCallbacksFactory } from './filter_callbacks.ts';
import { FilterChainFactory } from './filter_chain.ts';
import { FilterManager } from './filter_manager.ts';
import { redirect, redirectTo, redirectToTls, refuseToForward, respondDirectly } from './direct_response.ts';
import { ConnectionManagerStats } from './connection_manager_stats.ts';
import { HttpTracing } from '../tracing/http_tracing.ts';
import { followsRedirect } from './internal_redirect.ts';
import { compileEarlyMutations } from './early_header_mutation.ts';
import { HeaderMap } from './header_map.ts';
import type { HeaderKeyFormat } from './header_key_format.ts';
import { reasonOf } from './http1_codec.ts';
import type { Decoded } from './http1_request.ts';
import { normalizeHost, prepare } from './request_preparation.ts';
import { refusalOf, type RequestRefusal } from './request_refusal.ts';
import { finishResponse } from './response_headers.ts';
import { compileLocalReply, type LocalReplyRewrite } from './local_reply.ts';
import { normalizePath } from './path_normalization.ts';
import { compileSettings, type ConnectionManagerSettings } from './settings.ts';
import { Stream } from './stream.ts';
import { streamDurationMs } from './stream_duration.ts';
import type { StreamOwner, StreamResult } from './stream_owner.ts';
import { StreamTimers } from './stream_timers.ts';
import { UpstreamFilters } from './upstream_filters.ts';
import { upgradeOf, Upgrades } from './upgrades.ts';
import { measureRequest } from './received_bytes.ts';

/** A request as a codec decoded it, or the codec's refusal. */
export type Incoming =
  | {
      readonly headers: HeaderMap;
      readonly body: string;
      readonly trailers?: HeaderMap;
      readonly isOpen?: boolean;
      readonly protocol: string;
      readonly isComplete?: boolean;
    }
  | Extract<Decoded, { kind: 'error' }>
  /** Its headers have yet to come: {@link ConnectionManager.beginStream}. */
  | { readonly kind: 'incomplete'; readonly protocol: string };

const CONTINUE = 100;

/** What a connection manager has from its listener. */
export interface ListenerFacts {
  /** `listener.ADDRESS.` */
  readonly statPrefix: string;
  readonly isOutbound: boolean;
}

/** `HttpConnectionManager`: a request becomes a stream, gets its virtual host and route, and goes to the filters. */
export class ConnectionManager {
  readonly node: ConfigNode;
  readonly #settings: ConnectionManagerSettings;
  readonly #statPrefix: string;
  readonly stats: ConnectionManagerStats;
  readonly #routes: RouteConfigProvider;
  readonly #services: RouterServices;
  readonly #filters: FilterChainFactory;
  readonly #upgrades: Upgrades;
  readonly #callbacks: FilterCallbacksFactory;
  readonly #router: RouterSettings;
  readonly #upstreamFilters: UpstreamFilters;
  readonly #loggers: readonly AccessLogger[];
  readonly #upstreamLog: UpstreamLog;
  readonly #tracing: HttpTracing | undefined;
  readonly #nowMs: () => number;
  readonly #idRandom: Random;
  readonly #rewriteLocalReply: LocalReplyRewrite | undefined;
  readonly #earlyMutations: ReturnType<typeof compileEarlyMutations>;

  /** Of its listener it needs what it counts under, and which way the traffic goes. */
  constructor(node: ConfigNode, services: RouterServices, listener: ListenerFacts) {
    this.node = node;
    this.#settings = compileSettings(node, services);
    this.#statPrefix = `http.${node.text('stat_prefix') ?? ''}.`;
    this.#routes = services.routes.providerOf(node, this.#statPrefix, services.initManager);
    this.stats = new ConnectionManagerStats(services.stats, this.#statPrefix, listener.statPrefix);
    this.#services = services;
    const httpClient = new AsyncClient(services);
    const grpcClient = new AsyncGrpcClient(httpClient, services);
    const context = {
      stats: services.stats,
      random: services.random,
      dispatcher: services.dispatcher,
      statPrefix: this.#statPrefix,
      dnsCaches: services.dnsCaches,
      filters: services.filters,
      fileSystem: services.fileSystem,
      initManager: services.initManager,
      extensionConfigs: services.extensionConfigs,
      secrets: services.secrets,
      httpClient,
      grpcClient,
      peers: services.peers,
    };
    this.#callbacks = new FilterCallbacksFactory(services, this.#statPrefix, {
      pickRoute: (stream) => void this.#pickRoute(stream),
      recreate: (stream) => this.#sendUpstream(stream),
    });
    this.#filters = new FilterChainFactory(node.list('http_filters'), services.filters, context);
    this.#upgrades = new Upgrades(this.#settings.upgrades, services.filters, context);
    const logging = accessLogServices(services);
    this.#loggers = compileAccessLogs(node.list('access_log'), logging);
    this.#rewriteLocalReply = compileLocalReply(node.child('local_reply_config'), logging);
    this.#idRandom = services.random.fork('unique_id');
    this.#earlyMutations = compileEarlyMutations(node.list('early_header_mutation_extensions'));
    this.#nowMs = () => services.dispatcher.nowMs;
    this.#tracing = this.#compileTracing(listener.isOutbound);
    const router = node.list('http_filters').at(-1)?.child('typed_config');
    this.#upstreamLog = compileUpstreamLog(router, logging);
    this.#router = compileRouter(router);
    this.#upstreamFilters = new UpstreamFilters(router, services, context);
  }

  #compileTracing(isOutbound: boolean): HttpTracing | undefined {
    const node = this.node.child('tracing');
    const { tracers, runtime, random, trace, tracingProvider } = this.#services;
    return (
      node &&
      new HttpTracing(node, isOutbound, {
        tracers,
        runtime,
        trace,
        random: random.fork('tracing'),
        tracer: tracerServices(this.#services),
        requestId: this.#settings.requestId,
        stats: this.stats.tracing,
        fallbackProvider: tracingProvider,
      })
    );
  }

  /** The connection manager is gone with its listener. */
  release(): void {
    this.#routes.release();
    this.#filters.release();
    this.#upgrades.release();
  }

  get headerKeyFormat(): HeaderKeyFormat {
    return this.#settings.headerKeyFormat;
  }

  /** Undefined where nothing ends a connection by itself. */
  drainOf(connection: Pick<DrainOwner, 'hasCodec' | 'isBusy' | 'close'>): ConnectionDrain | undefined {
    const settings = this.#settings;
    if (settings.connectionIdleMs === 0 && settings.maxConnectionMs === 0) return undefined;
    const { dispatcher } = this.#services;
    return new ConnectionDrain({ ...connection, settings, dispatcher, stats: this.stats.http });
  }

  get maxRequestsPerConnection(): number {
    return this.#settings.maxRequestsPerConnection;
  }

  /** Whether the client is told at once that its body may come: `Expect: 100-continue`. */
  continues(headers: HeaderMap): boolean {
    if (this.#settings.proxies100Continue || headers.get('expect')?.toLowerCase() !== '100-continue') return false;
    this.stats.charge(CONTINUE);
    return true;
  }

  newStream(network: NetworkConnection, request: Incoming, done: (result: StreamResult) => void): Stream {
    const { trace, logged } = this.#services;
    this.stats.http.downstream_rq_total.inc();
    this.stats.http[request.protocol === 'HTTP/2' ? 'downstream_rq_http2_total' : 'downstream_rq_http1_total'].inc();
    this.stats.http.downstream_rq_active.add(1);
    const startMs = this.#services.dispatcher.nowMs;
    const isDecoded = 'headers' in request;
    const finishing = { settings: this.#settings, tracing: this.#tracing };
    const owner = this.#ownerOf(network, request.protocol, (response, how) =>
      finishResponse(stream, response, how, finishing),
    );
    const timers = new StreamTimers({
      dispatcher: this.#services.dispatcher,
      settings: this.#settings,
      stats: this.stats.http,
    });
    const stream = new Stream(
      isDecoded ? request.headers : new HeaderMap(),
      isDecoded ? request.body : '',
      owner,
      (result) => {
        timers.cancel();
        this.stats.http.downstream_rq_active.add(-1);
        this.stats.http.downstream_rq_time.record(this.#services.dispatcher.nowMs - startMs);
        if (stream.isHealthCheck) this.stats.tracing.health_check.inc();
        else this.#count(result.response.status);
        if (result.isCutOff) this.stats.http.downstream_rq_rx_reset.inc();
        trace?.record({
          kind: 'stream_completed',
          state: 'info',
          sentence: `Envoy answers ${result.response.status} (${String(result.log['flags'])}, ${String(result.log['details'])}).`,
        });
        this.#tracing?.finish(stream, stream.context(result.response.headers));
        if (logged) for (const log of [...result.earlier, result.log]) logged({ kind: 'http', attempts: 0, ...log });
        done(result);
      },
    );
    stream.timers = timers;
    stream.upstreamFilters = this.#upstreamFilters;
    if (isDecoded) {
      stream.isComplete = request.isComplete ?? true;
      stream.requestTrailers = request.trailers;
      stream.isChunked = request.isOpen === true;
      this.#decode(stream);
      // The end comes right behind the headers: only who answers at once is too early for it.
      if (request.isOpen === true) stream.hasReadBody = true;
    } else if (request.kind === 'incomplete') {
      stream.isComplete = false;
      timers.armBeforeHeaders(stream);
    } else {
      this.stats.http.downstream_rq_rx_reset.inc();
      stream.sendLocalReply(request.status, reasonOf(request.status), 'DPE', request.details);
    }
    return stream;
  }

  #ownerOf(network: NetworkConnection, protocol: string, encode: StreamOwner['encode']): StreamOwner {
    return {
      statPrefix: this.#statPrefix,
      routeConfig: this.#routes.current,
      connection: network.facts,
      network,
      router: this.#router,
      stats: this.stats,
      nowMs: this.#nowMs,
      random: this.#idRandom,
      runtime: this.#services.runtime,
      protocol,
      loggers: this.#loggers,
      upstreamLog: this.#upstreamLog,
      rewriteLocalReply: this.#rewriteLocalReply,
      encode,
    };
  }

  /** The headers of a stream that was begun without them. */
  beginStream(stream: Stream, request: Extract<Decoded, { kind: 'request' }>): void {
    stream.timers?.cancel();
    stream.begin(request.headers, request.body, request.isComplete);
    this.#decode(stream);
  }

  #decode(stream: Stream): void {
    const { connection } = stream;
    // Nobody else asks how long a request is.
    if (this.#loggers.length > 0) measureRequest(stream);
    stream.upgrade = this.#offerOf(stream.request);
    stream.isChunked ||= stream.request.has('transfer-encoding');
    const refusal = refusalOf(stream.request, connection, this.#settings);
    if (refusal?.flags !== 'DPE' && refusal?.resets !== true) stream.logRequest();
    if (refusal) return this.#refuse(stream, refusal);
    for (const mutate of this.#earlyMutations) mutate(stream.request, () => stream.context());
    stream.log['remote'] = prepare(stream.request, connection, this.#settings);
    const { scopes } = this.#routes;
    if (scopes) stream.routeConfig = scopes.routesFor(stream.request, undefined);
    stream.routeConfig?.removeInternalOnly(stream.request);
    normalizeHost(stream.request, connection, this.#settings);
    this.#route(stream);
    if (!stream.isDone) stream.timers?.arm(stream);
  }

  #refuse(stream: Stream, { status, details, body, flags, closes, resets }: RequestRefusal): void {
    if (flags === 'DPE') this.stats.http.downstream_rq_rx_reset.inc();
    if (closes === true) stream.closesConnection = true;
    if (resets === true) stream.abort(details, flags!);
    else stream.sendLocalReply(status, body ?? '', flags ?? '-', details);
  }

  /** What a client wants to switch to, unless such offers are passed over. */
  #offerOf(request: HeaderMap): string | undefined {
    const offered = request.get('upgrade');
    if (offered !== undefined && this.#settings.ignoresUpgrade(offered)) request.remove('upgrade');
    return upgradeOf(request);
  }

  #route(stream: Stream): void {
    const { trace } = this.#services;
    const verdict = normalizePath(stream.request, this.#settings);
    if (verdict.kind !== 'continue') stream.logRequest();
    if (verdict.kind === 'refuse') return stream.sendLocalReply(400, '', '-', 'path_normalization_failed');
    if (verdict.kind === 'redirect') return redirectTo(stream, 307, verdict.path, 'path_normalization_redirect');
    if (!this.#pickRoute(stream)) return;
    this.#tracing?.start(stream);
    if (this.#settings.logsNewRequests) stream.writeLogs('DownstreamStart');
    const filters = this.#filtersOf(stream);
    if (filters === 'refused') {
      this.stats.http.downstream_rq_ws_on_non_ws_route.inc();
      return stream.sendLocalReply(403, '', '-', 'upgrade_failed');
    }
    stream.filters = new FilterManager(
      filters.create(stream, (name, node) => this.#callbacks.of(stream, name, node)),
      () => this.#act(stream),
      trace,
    );
    stream.filters.decode();
  }

  /** Looks for virtual host and route; false where the virtual host has answered by itself. */
  #pickRoute(stream: Stream): boolean {
    const { trace, random } = this.#services;
    const { scopes } = this.#routes;
    if (scopes) stream.routeConfig = scopes.routesFor(stream.request, trace);
    stream.virtualHost = stream.routeConfig?.virtualHosts.find(stream.request, trace);
    const needsTls = stream.virtualHost?.requiresTls ?? 'NONE';
    const isInternal = stream.request.get('x-envoy-internal') !== undefined;
    stream.logRequest();
    if (
      stream.request.get(':scheme') !== 'https' &&
      (needsTls === 'ALL' || (needsTls === 'EXTERNAL_ONLY' && !isInternal))
    ) {
      redirectToTls(stream);
      return false;
    }
    stream.route =
      stream.virtualHost && stream.virtualHost.routesFor(stream).first(stream.request, random, stream, trace);
    if (stream.route && stream.route.name !== '') stream.log['route'] = stream.route.name;
    else if (stream.log['route'] !== undefined) delete stream.log['route'];
    this.#pickCluster(stream);
    stream.durationMs = streamDurationMs(stream.route?.action, this.#settings.maxStreamMs, stream.request);
    return true;
  }

  /** The cluster belongs to the route: filters, and replies in place of the upstream, know it already. */
  #pickCluster(stream: Stream): void {
    if (stream.log['cluster'] !== undefined) delete stream.log['cluster'];
    stream.choice = stream.route?.action ? stream.route.chooseCluster(stream, this.#services.random) : undefined;
    stream.cluster = stream.choice?.name === undefined ? undefined : this.#services.clusters.get(stream.choice.name);
    if (stream.cluster) stream.log['cluster'] = stream.cluster.statName;
  }

  /** What the router does with the request once every filter has let it pass. */
  #act(stream: Stream): void {
    this.stats.http.rq_total.inc();
    const route = stream.route;
    if (!route) {
      this.stats.http.no_route.inc();
      return stream.sendLocalReply(404, '', 'NR', 'route_not_found');
    }
    stream.isRouted = true;
    if (route.redirect) return redirect(stream);
    if (route.directResponse) return respondDirectly(stream, route.directResponse);
    if (!route.action) return refuseToForward(stream);
    this.#sendUpstream(stream);
    stream.logRequest();
  }

  /** Answers a redirect of the upstream by itself, on its own routes. */
  #sendUpstream(stream: Stream): void {
    const pickRoute = (one: Stream): void => void this.#pickRoute(one);
    routeUpstream(stream, this.#services, (response, location) => {
      const follows = followsRedirect(stream, response, location, { stats: this.stats.http, pickRoute });
      if (follows) this.#sendUpstream(stream);
      return follows;
    });
  }

  /** A protocol switch goes through only where the connection manager or the route allows it. */
  #filtersOf(stream: Stream): FilterChainFactory | 'refused' {
    if (stream.upgrade === undefined) return this.#filters;
    const { isAllowed, because } = this.#upgrades.allows(stream);
    this.#services.trace?.record({
      kind: 'upgrade',
      state: isAllowed ? 'matched' : 'failed',
      because: (because ?? stream.route?.node ?? this.node).ref,
      sentence: isAllowed
        ? `The client asks for \`${stream.upgrade}\`, which upgrade_configs allows.`
        : `The client asks for \`${stream.upgrade}\`, and ${because ? 'upgrade_configs switches it off' : 'no upgrade_configs names it'}: 403.`,
    });
    if (!isAllowed) return stream.route ? 'refused' : this.#filters;
    stream.isTunnel = true;
    this.stats.http.downstream_cx_upgrades_total.inc();
    return this.#upgrades.filtersFor(stream) ?? this.#filters;
  }

  #count(status: number): void {
    if (status === 0) this.stats.http.downstream_rq_rx_reset.inc();
    else this.stats.charge(status);
  }
}
