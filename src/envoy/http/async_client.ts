import type { JsonObject } from '#api';
import { ConfigNode } from '../config_node.ts';
import { Route } from '../router/route.ts';
import { routeUpstream } from '../router/route_upstream.ts';
import type { RouterServices } from '../router/router_services.ts';
import type { HttpResponse } from '../seams.ts';
import { DEFAULT_ROUTER } from '../router/router_settings.ts';
import { StatsStore } from '../stats/store.ts';
import type { Call, ClientRequest, ClientResponse, HttpClient } from './clients.ts';
import { OWN_ADDRESS } from './client_address.ts';
import { ConnectionManagerStats } from './connection_manager_stats.ts';
import { Stream } from './stream.ts';
import { FilterState } from '../stream_info/filter_state.ts';

const PREFIX = 'http.async-client.';
const NO_NETWORK = {
  log: {},
  filterState: new FilterState(),
  listener: { name: '', direction: 'UNSPECIFIED' },
} as const;
const NOBODY = { localAddress: '', remoteAddress: '', directRemoteAddress: '', protocol: 'http1' } as const;

/**
 * Requests of Envoy's own, through the router like any other: timeouts, retries, pools and statistics are the same
 * (http/async_client_impl.cc).
 */
export class AsyncClient implements HttpClient {
  readonly #services: RouterServices;
  readonly #routes = new Map<string, Route>();
  /** The router of an async client counts no connections and no downstream requests: those fall on the floor. */
  readonly #uncounted = new ConnectionManagerStats(new StatsStore(), PREFIX, '');

  constructor(services: RouterServices) {
    this.#services = services;
  }

  hasCluster(name: string): boolean {
    return this.#services.clusters.get(name) !== undefined;
  }

  send(request: ClientRequest, answered: (answer: ClientResponse) => void): Call {
    const { dispatcher, stats, clusters } = this.#services;
    const { headers } = request;
    if (request.hidesInternal !== true) headers.set('x-envoy-internal', 'true');
    if (request.sendsForwardedFor === true)
      headers.set('x-forwarded-for', [...headers.all('x-forwarded-for'), OWN_ADDRESS].join(','));
    stats.add(`${PREFIX}rq_total`);
    let isCancelled = false;
    const owner = {
      statPrefix: PREFIX,
      routeConfig: undefined,
      connection: NOBODY,
      network: NO_NETWORK,
      router: DEFAULT_ROUTER,
      stats: this.#uncounted,
      nowMs: () => dispatcher.nowMs,
      protocol: 'HTTP/1.1',
      loggers: [],
      upstreamLog: { loggers: [], logsReady: false },
      encode: (response: HttpResponse) => response,
    };
    const stream = new Stream(headers, request.body, owner, ({ response, log }) => {
      // An answer that comes while the caller still asks has to wait its turn.
      dispatcher.post('async_client', () => {
        if (!isCancelled) answered({ response, details: String(log['details'] ?? '') });
      });
    });
    stream.route = this.#routeOf(request);
    stream.choice = { name: request.cluster };
    stream.cluster = clusters.get(request.cluster);
    stream.isRouted = true;
    routeUpstream(stream, this.#services, () => false);
    return {
      cancel: () => {
        if (isCancelled) return;
        isCancelled = true;
        stream.upstream?.abandon();
      },
    };
  }

  /** A route that sends to the cluster and does nothing else: http/null_route_impl.h. */
  #routeOf({ cluster, timeoutMs, retryPolicy }: ClientRequest): Route {
    const retries = retryPolicy ? JSON.stringify(retryPolicy.value) : '';
    const key = `${cluster} ${timeoutMs} ${retries}`;
    let route = this.#routes.get(key);
    if (!route) {
      const action: JsonObject = {
        cluster,
        timeout: `${timeoutMs / 1000}s`,
        ...(retryPolicy ? { retryPolicy: retryPolicy.value } : {}),
      };
      route = new Route(new ConfigNode({ route: action }, retryPolicy?.ref ?? { resource: '', path: [] }));
      this.#routes.set(key, route);
    }
    return route;
  }
}
