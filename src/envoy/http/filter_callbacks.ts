import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { descriptorOf, type DescriptorEntry } from '../router/rate_limit_actions.ts';
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
      continueDecoding: () => stream.filters?.continueDecoding(),
      sendLocalReply: ({ status, body = '', details, flag = '-', headers = [] }) => {
        stream.localHeaders.push(...headers.map(([one, value]) => [one, value] as [string, string]));
        stream.sendLocalReply(status, body, flag, details);
      },
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
      rateLimitDescriptors: (own) => this.#descriptorsOf(stream, own),
      localCluster: this.#services.localCluster,
      isFailingHealthChecks: this.#services.isFailingHealthChecks,
      markHealthCheck: () => {
        stream.isHealthCheck = true;
      },
    };
  }

  #descriptorsOf(stream: Stream, own: readonly ConfigNode[]): DescriptorEntry[][] {
    const route = stream.route?.action?.list('rate_limits') ?? [];
    const host = stream.virtualHost?.node.list('rate_limits') ?? [];
    const includesHost = stream.route?.action?.flag('include_vh_rate_limits') === true;
    const limits = own.length > 0 ? own : route.length === 0 || includesHost ? [...route, ...host] : route;
    const facts = {
      request: stream.request,
      remoteAddress: String(stream.log['remote'] ?? ''),
      localCluster: this.#services.localCluster,
      cluster: stream.cluster?.name ?? '',
      dynamicMetadata: stream.dynamicMetadata,
      formatterContext: () => stream.context(),
    };
    return limits.flatMap((limit) => {
      const entries = descriptorOf(limit, facts);
      return entries ? [entries] : [];
    });
  }

  /** A stream of chance of its own for each filter: one more filter changes nobody else's. */
  #randomOf(name: string): Random {
    let own = this.#randoms.get(name);
    if (!own) this.#randoms.set(name, (own = this.#services.random.fork(`filter/${name}`)));
    return own;
  }
}
