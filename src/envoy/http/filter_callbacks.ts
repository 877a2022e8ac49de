import type { Random } from '#sim';
import { descriptorsOf, type Descriptor, type RateLimitScope } from '../router/rate_limit_descriptors.ts';
import type { RouterServices } from '../router/router_filter.ts';
import type { FilterCallbacks } from './filter.ts';
import { perRouteLevels } from './filter_chain.ts';
import type { Stream } from './stream.ts';

/** Gives each filter of a stream what it may see and do. */
export class FilterCallbacksFactory {
  readonly #services: RouterServices;
  readonly #statPrefix: string;
  readonly #pickRoute: (stream: Stream) => void;
  readonly #randoms = new Map<string, Random>();

  constructor(services: RouterServices, statPrefix: string, pickRoute: (stream: Stream) => void) {
    this.#services = services;
    this.#statPrefix = statPrefix;
    this.#pickRoute = pickRoute;
  }

  of(stream: Stream, name: string): FilterCallbacks {
    const { dispatcher, stats, trace } = this.#services;
    return {
      get route() {
        return stream.route;
      },
      get cluster() {
        return stream.cluster;
      },
      get requestBody() {
        return stream.requestBody;
      },
      set requestBody(body: string) {
        stream.requestBody = body;
      },
      request: stream.request,
      connection: stream.connection,
      dynamicMetadata: stream.dynamicMetadata,
      filterState: stream.filterState,
      log: stream.log,
      dispatcher,
      stats,
      trace,
      statPrefix: this.#statPrefix,
      random: this.#randomOf(name),
      get virtualHost() {
        return stream.virtualHost;
      },
      get requestTrailers() {
        return stream.requestTrailers;
      },
      continueDecoding: () => stream.filters?.continueDecoding(),
      continueEncoding: (response) => stream.filters?.continueEncoding(response),
      sendLocalReply: ({ status, body = '', details, flag = '-', headers = [], ...how }) => {
        stream.localHeaders.push(...headers.map(([one, value]) => [one, value] as [string, string]));
        stream.sendLocalReply(status, body, flag, details, how);
      },
      setUpstreamOverrideHost: (address, isStrict) => {
        stream.overrideHost = { address, isStrict };
      },
      sendPayloadTooLarge: () => stream.sendPayloadTooLarge(),
      clearRouteCache: () => void this.#pickRoute(stream),
      setMetadata: (namespace, key, value) =>
        void Object.assign((stream.dynamicMetadata[namespace] ??= {}) as object, { [key]: value }),
      addFlag: (flag) => stream.addFlag(flag),
      readBody: (limit) => {
        stream.readBody(limit);
        return stream.requestBody;
      },
      formatterContext: (response) => stream.context(response),
      perRouteLevels: () => perRouteLevels(stream, name),
      rateLimitDescriptors: (scope) => this.#descriptorsOf(stream, scope),
      localCluster: this.#services.localCluster,
      isFailingHealthChecks: this.#services.isFailingHealthChecks,
      markHealthCheck: () => {
        stream.isHealthCheck = true;
      },
    };
  }

  #descriptorsOf(stream: Stream, scope: RateLimitScope): Descriptor[] {
    const levels = { route: stream.route?.action, virtualHost: stream.virtualHost?.node };
    return descriptorsOf(scope, levels, {
      request: stream.request,
      remoteAddress: String(stream.log['remote'] ?? ''),
      localCluster: this.#services.localCluster,
      cluster: stream.cluster?.name ?? '',
      dynamicMetadata: stream.dynamicMetadata,
      routeMetadata: stream.route?.node.child('metadata')?.child('filter_metadata')?.value ?? {},
      formatterContext: () => stream.context(),
    });
  }

  /** A stream of chance of its own for each filter: one more filter changes nobody else's. */
  #randomOf(name: string): Random {
    let own = this.#randoms.get(name);
    if (!own) this.#randoms.set(name, (own = this.#services.random.fork(`filter/${name}`)));
    return own;
  }
}
