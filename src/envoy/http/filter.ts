import type { Json, JsonObject } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { Descriptor, RateLimitScope } from '../router/rate_limit_descriptors.ts';
import type { Route } from '../router/route.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { VirtualHost } from '../router/virtual_host.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { GrpcClient, HttpClient } from './clients.ts';
import type { ExtensionConfigs } from './extension_config.ts';
import type { InitManager } from '../init_manager.ts';
import type { Connection, FileSystem, HttpResponse } from '../seams.ts';
import type { DnsCaches } from '../dns/dns_cache.ts';
import type { TransportSocketServices } from '../network/transport_socket.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import type { HeaderMap } from './header_map.ts';
import type { FilterState } from '../stream_info/filter_state.ts';

/** What a filter answers: the next filter's turn, or wait until it calls `continueDecoding`. */
export type FilterStatus = 'continue' | 'stop_iteration';

/** One HTTP filter of one stream. Bodies are whole: a filter that wants to see one has it at once. */
export interface HttpFilter {
  decode?(): FilterStatus;
  /**
   * May change the response on its way back, or give another in its place. One that says `stop_iteration` holds it until
   * it calls `continueEncoding`, or answers with a local reply of its own.
   */
  encode?(response: HttpResponse): HttpResponse | 'stop_iteration';
  /** It waited with the request, and goes on: one that is made of several filters has others to ask first. */
  resumeDecoding?(): FilterStatus;
  /** As `resumeDecoding`, of a response that it held. */
  resumeEncoding?(response: HttpResponse): HttpResponse | 'stop_iteration';
  /** The stream is over, answered or not. */
  onDestroy?(): void;
  /** The matcher that stands before the filter has found an action for it. */
  onMatch?(action: ConfigNode): void;
}

export interface LocalReplySpec {
  readonly status: number;
  readonly body?: string;
  readonly details: string;
  readonly flag?: string;
  /** Added in this order, a name as often as it is given. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Has the last word over all headers of the reply. */
  readonly mutateHeaders?: (headers: HeaderMap) => void;
  /** For a gRPC request: the status in place of one made from the HTTP status. */
  readonly grpcStatus?: number;
}

/** What a filter sees of its stream, and what it may do to it. */
export interface FilterCallbacks {
  readonly request: HeaderMap;
  readonly connection: Connection;
  /** As `http_filters` names it. */
  readonly filterName: string;
  readonly route: Route | undefined;
  readonly virtualHost: VirtualHost | undefined;
  /** The cluster of the route: known before the router has its turn. */
  readonly cluster: Cluster | undefined;
  readonly requestTrailers: HeaderMap | undefined;
  readonly dynamicMetadata: JsonObject;
  /** Messages (`Any`) by namespace. */
  readonly dynamicTypedMetadata: JsonObject;
  readonly filterState: FilterState;
  readonly log: Readonly<Record<string, string | number>>;
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  /** `http.PREFIX.` of the connection manager. */
  readonly statPrefix: string;
  requestBody: string;
  /** The body goes on in chunks, even one that is empty by now. */
  markChunked(): void;
  continueDecoding(): void;
  /** Goes on with a response that `encode` held, as it is now. */
  continueEncoding(response: HttpResponse): void;
  sendLocalReply(reply: LocalReplySpec): void;
  /** Gives a response in the place of the router. It is no local reply: nothing maps or completes it. */
  respond(response: HttpResponse, how: { readonly details: string; readonly flag?: string }): void;
  /** The host to send to, if the cluster has it; `strict`: to no other. */
  setUpstreamOverrideHost(address: string, isStrict: boolean, statusWhenGone?: number): void;
  /** The body is longer than what a filter may hold: 413, as http/filter_manager.cc answers. */
  sendPayloadTooLarge(): void;
  /** The route is looked for again before the next filter that asks for it. */
  clearRouteCache(): void;
  /**
   * Asks for another answer in the place of one with that status, by the request as it is now; false where no route leads
   * anywhere. Simplified: the filters do not see the request again.
   */
  recreateStream(status: number): boolean;
  setMetadata(namespace: string, key: string, value: Json): void;
  addFlag(flag: string): void;
  /** Takes the whole body, or as much of it as was let in. */
  readBody(limit?: number): string;
  /** What formatters may ask; of the response only once there is one. */
  formatterContext(response?: HeaderMap): FormatterContext;
  /** Every level of the route that configures this filter, the widest first. */
  perRouteLevels(): ConfigNode[];
  /** Descriptors by the `rate_limits` of filter, route and virtual host. */
  rateLimitDescriptors(scope: RateLimitScope): Descriptor[];
  /** The name that this Envoy's own cluster was given: `--service-cluster`. */
  readonly localCluster: string;
  isFailingHealthChecks(): boolean;
  hasCluster(name: string): boolean;
  /** The request is a health check: logs and statistics may leave it out. */
  markHealthCheck(): void;
}

/** What compiling a filter may use: it happens once, before any request. */
export interface FactoryContext {
  readonly stats: StatsStore;
  readonly random: Random;
  readonly dispatcher: Dispatcher;
  readonly statPrefix: string;
  readonly dnsCaches: DnsCaches;
  /** Every kind of filter, for those that hold others. */
  readonly filters: FilterRegistry;
  readonly fileSystem: FileSystem;
  /** What the listener has to wait for before it takes connections. */
  readonly initManager: InitManager;
  readonly extensionConfigs: ExtensionConfigs;
  /** Secrets by name, as they stand: one that comes by SDS may not be there yet. */
  readonly secrets: TransportSocketServices['secrets'];
  readonly httpClient: HttpClient;
  readonly grpcClient: GrpcClient;
  /** How many Envoys there are of this one's kind, with it. */
  readonly peers: () => number;
}

/** A filter ready to be put on streams; `perRoute` is the most specific configuration of the stream's route. */
export type CompiledFilter<PerRoute> = (callbacks: FilterCallbacks, perRoute: PerRoute | undefined) => HttpFilter;

interface Fidelity {
  readonly level: 'full' | 'partial';
  /** Fields that are read and not run. */
  readonly notSimulated: readonly string[];
}

/** One kind of HTTP filter, by the type of its configuration. */
export interface HttpFilterFactory<PerRoute = unknown> {
  readonly name: string;
  readonly type: string;
  readonly fidelity: Fidelity;
  compile(config: ConfigNode, context: FactoryContext): CompiledFilter<PerRoute>;
  compilePerRoute?(config: ConfigNode, context: FactoryContext): PerRoute;
}

/** The kinds of filter that there are, by the type of their configuration: handed down, never imported. */
export interface FilterRegistry {
  /** By the message that configures it; undefined for one that is not run. */
  get(type: string): HttpFilterFactory | undefined;
}

/** Keeps the types of one factory together, and gives it as any of them. */
export function defineHttpFilter<PerRoute>(factory: HttpFilterFactory<PerRoute>): HttpFilterFactory {
  return factory as HttpFilterFactory;
}
