import type { ConfigNode } from '../config_node.ts';
import type { RouterServices } from '../router/router_services.ts';
import type { HttpResponse } from '../seams.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { FactoryContext } from './filter.ts';
import { FilterCallbacksFactory } from './filter_callbacks.ts';
import { FilterChainFactory } from './filter_chain.ts';
import type { Stream } from './stream.ts';

const NOTHING = { pickRoute: () => undefined, recreate: () => undefined };

/**
 * The HTTP filters between router and upstream: those of the cluster, or else of the router. They see every try, change the
 * request for good, and see the answer of their try (router/upstream_request.cc). Simplified: nobody waits for them.
 */
export class UpstreamFilters {
  readonly #services: RouterServices;
  readonly #context: FactoryContext;
  readonly #ofRouter: readonly ConfigNode[];
  readonly #callbacks: FilterCallbacksFactory;
  readonly #compiled = new WeakMap<ConfigNode, FilterChainFactory>();

  constructor(router: ConfigNode | undefined, services: RouterServices, context: FactoryContext) {
    this.#services = services;
    this.#context = context;
    this.#ofRouter = router?.list('upstream_http_filters') ?? [];
    this.#callbacks = new FilterCallbacksFactory(services, '', NOTHING);
  }

  run(stream: Stream, cluster: Cluster): ((response: HttpResponse) => HttpResponse) | undefined {
    const isOfCluster = cluster.http.filters.length > 0;
    const nodes = isOfCluster ? cluster.http.filters : this.#ofRouter;
    if (nodes.length === 0) return undefined;
    // Those of the router count under a name that Envoy makes without a dot: `http.ingresslua.errors`.
    const prefix = isOfCluster ? `cluster.${cluster.statName}.` : this.#context.statPrefix.slice(0, -1);
    const active = this.#chainOf(nodes, prefix).create(stream, (name, node) => this.#callbacks.of(stream, name, node));
    for (const { name, node, filter } of active) {
      this.#services.trace?.record({
        kind: 'upstream_filter_called',
        state: 'info',
        because: node.ref,
        sentence: `\`${name}\` sees the request on its way to the cluster \`${cluster.name}\`.`,
      });
      filter.decode?.();
    }
    return (response) => {
      let now = response;
      for (const { filter } of active.toReversed()) {
        const next = filter.encode?.(now) ?? now;
        if (next !== 'stop_iteration') now = next;
        filter.onDestroy?.();
      }
      return now;
    };
  }

  #chainOf(nodes: readonly ConfigNode[], statPrefix: string): FilterChainFactory {
    const first = nodes[0]!;
    let chain = this.#compiled.get(first);
    if (!chain)
      this.#compiled.set(
        first,
        (chain = new FilterChainFactory(nodes, this.#services.filters, { ...this.#context, statPrefix })),
      );
    return chain;
  }
}
