import type { Json, JsonObject } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { FilterState } from '../stream_info/filter_state.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { descriptorsOf, type Descriptor, type RateLimitScope } from '../router/rate_limit_descriptors.ts';
import type { Route } from '../router/route.ts';
import type { RouterServices } from '../router/router_services.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { VirtualHost } from '../router/virtual_host.ts';
import type { Connection, HttpResponse } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { FilterCallbacks, LocalReplySpec } from './filter.ts';
import { perRouteLevels } from './filter_chain.ts';
import type { HeaderMap } from './header_map.ts';
import type { Stream } from './stream.ts';

const DESCRIPTOR_FORMATS = 'envoy.reloadable_features.enable_formatter_for_ratelimit_action_descriptor_value';

/** What the connection manager does with a stream on behalf of a filter. */
interface StreamActions {
  readonly pickRoute: (stream: Stream) => void;
  /** Sends it once more, where it leads by now. */
  readonly recreate: (stream: Stream) => void;
}

/** Gives each filter of a stream what it may see and do. */
export class FilterCallbacksFactory {
  readonly services: RouterServices;
  readonly statPrefix: string;
  readonly streams: StreamActions;
  readonly #randoms = new Map<string, Random>();

  constructor(services: RouterServices, statPrefix: string, streams: StreamActions) {
    this.services = services;
    this.statPrefix = statPrefix;
    this.streams = streams;
  }

  /** `node` is the configuration of the filter: what it does is told with its lines. */
  of(stream: Stream, name: string, node: ConfigNode): FilterCallbacks {
    return new StreamFilterCallbacks(this, stream, { name, node });
  }

  /** A stream of chance of its own for each filter: one more filter changes nobody else's. */
  randomOf(name: string): Random {
    let own = this.#randoms.get(name);
    if (!own) this.#randoms.set(name, (own = this.services.random.fork(`filter/${name}`)));
    return own;
  }
}

/** One filter's view of one stream: made for each of them, so it holds references and no closures. */
class StreamFilterCallbacks implements FilterCallbacks {
  readonly #owner: FilterCallbacksFactory;
  readonly #stream: Stream;
  readonly #name: string;
  readonly #node: ConfigNode;

  constructor(owner: FilterCallbacksFactory, stream: Stream, filter: { name: string; node: ConfigNode }) {
    this.#owner = owner;
    this.#stream = stream;
    this.#name = filter.name;
    this.#node = filter.node;
  }

  get request(): HeaderMap {
    return this.#stream.request;
  }

  get filterName(): string {
    return this.#name;
  }

  get connection(): Connection {
    return this.#stream.connection;
  }

  get route(): Route | undefined {
    return this.#stream.route;
  }

  get virtualHost(): VirtualHost | undefined {
    return this.#stream.virtualHost;
  }

  get cluster(): Cluster | undefined {
    return this.#stream.cluster;
  }

  get requestTrailers(): HeaderMap | undefined {
    return this.#stream.requestTrailers;
  }

  get requestBody(): string {
    return this.#stream.requestBody;
  }

  set requestBody(body: string) {
    this.#stream.requestBody = body;
  }

  get dynamicMetadata(): JsonObject {
    return this.#stream.dynamicMetadata;
  }

  get dynamicTypedMetadata(): JsonObject {
    return this.#stream.dynamicTypedMetadata;
  }

  get filterState(): FilterState {
    return this.#stream.filterState;
  }

  get log(): Readonly<Record<string, string | number>> {
    return this.#stream.log;
  }

  get dispatcher(): Dispatcher {
    return this.#owner.services.dispatcher;
  }

  get random(): Random {
    return this.#owner.randomOf(this.#name);
  }

  get runtime(): Runtime {
    return this.#owner.services.runtime;
  }

  get stats(): StatsStore {
    return this.#owner.services.stats;
  }

  get trace(): Trace | undefined {
    return this.#owner.services.trace;
  }

  get statPrefix(): string {
    return this.#owner.statPrefix;
  }

  get localCluster(): string {
    return this.#owner.services.localCluster;
  }

  markChunked(): void {
    this.#stream.isChunked = true;
  }

  continueDecoding(): void {
    this.#stream.filters?.continueDecoding();
  }

  continueEncoding(response: HttpResponse): void {
    this.#stream.filters?.continueEncoding(response);
  }

  sendLocalReply({ status, body = '', details, flag = '-', headers = [], ...how }: LocalReplySpec): void {
    this.#tellAnswered(status);
    this.#stream.upstream?.abandon();
    this.#stream.localHeaders.push(...headers.map(([one, value]) => [one, value] as [string, string]));
    this.#stream.sendLocalReply(status, body, flag, details, how);
  }

  respond(response: HttpResponse, { details, flag = '-' }: { details: string; flag?: string }): void {
    this.#tellAnswered(response.status);
    this.#stream.finish(response, flag, details, false);
  }

  #tellAnswered(status: number): void {
    this.trace?.record({
      kind: 'filter_answered',
      state: 'info',
      because: this.#node.ref,
      sentence: `\`${this.#name}\` answers ${status} by itself: no filter behind it sees the request.`,
    });
  }

  setUpstreamOverrideHost(address: string, isStrict: boolean, statusWhenGone?: number): void {
    this.#stream.overrideHost = { address, isStrict, statusWhenGone };
  }

  sendPayloadTooLarge(): void {
    this.#stream.sendPayloadTooLarge();
  }

  clearRouteCache(): void {
    this.#owner.streams.pickRoute(this.#stream);
  }

  setMetadata(namespace: string, key: string, value: Json): void {
    this.trace?.record({
      kind: 'metadata_set',
      state: 'info',
      because: this.#node.ref,
      sentence: `\`${this.#name}\` sets \`${key}\` of the metadata \`${namespace}\` to ${JSON.stringify(value)}.`,
    });
    Object.assign((this.#stream.dynamicMetadata[namespace] ??= {}) as object, { [key]: value });
  }

  recreateStream(status: number): boolean {
    const stream = this.#stream;
    const { route } = stream;
    this.clearRouteCache();
    if (!stream.route?.action) {
      stream.route = route;
      return false;
    }
    stream.redirects++;
    stream.managerStats.downstream_rq_total.inc();
    stream.managerStats.rq_total.inc();
    stream.logRequest();
    stream.logRedirect(status);
    this.#owner.streams.recreate(stream);
    return true;
  }

  addFlag(flag: string): void {
    this.#stream.addFlag(flag);
  }

  readBody(limit?: number): string {
    this.#stream.readBody(limit);
    return this.#stream.requestBody;
  }

  formatterContext(response?: HeaderMap): FormatterContext {
    return this.#stream.context(response);
  }

  perRouteLevels(): ConfigNode[] {
    return perRouteLevels(this.#stream, this.#name);
  }

  rateLimitDescriptors(scope: RateLimitScope): Descriptor[] {
    const stream = this.#stream;
    const levels = { route: stream.route?.action, virtualHost: stream.virtualHost?.node };
    return descriptorsOf(scope, levels, {
      request: stream.request,
      remoteAddress: String(stream.log['remote'] ?? ''),
      localCluster: this.localCluster,
      cluster: stream.cluster?.name ?? '',
      dynamicMetadata: stream.dynamicMetadata,
      routeMetadata: stream.route?.node.child('metadata')?.child('filter_metadata')?.value ?? {},
      formatterContext: () => stream.context(),
      hasFormats: this.runtime.flag(DESCRIPTOR_FORMATS, false),
    });
  }

  isFailingHealthChecks(): boolean {
    return this.#owner.services.isFailingHealthChecks();
  }

  hasCluster(name: string): boolean {
    return this.#owner.services.clusters.get(name) !== undefined;
  }

  markHealthCheck(): void {
    this.#stream.isHealthCheck = true;
  }
}
