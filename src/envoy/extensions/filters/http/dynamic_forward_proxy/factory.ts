import type { DnsCache } from '../../../../dns/dns_cache.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import type { Cluster } from '../../../../upstream/cluster.ts';
import { dynamicHost } from '../../../../dns/dynamic_host.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';

/** What c-ares says of a name that is not there. */
const NO_RECORDS = 'dns_resolution_failure{cares_norecords:Domain_name_not_found}';
const PORTS = { plain: 80, secure: 443 } as const;

/** Looks for the host that a request names before its cluster is asked for it: dynamic_forward_proxy/proxy_filter.cc. */
class ProxyFilter implements HttpFilter {
  readonly #cache: DnsCache | undefined;
  readonly #perRoute: ConfigNode | undefined;
  /** The filter state may name another host than the request. */
  readonly #takesState: boolean;
  readonly #callbacks: FilterCallbacks;

  constructor(
    cache: DnsCache | undefined,
    takesState: boolean,
    perRoute: ConfigNode | undefined,
    callbacks: FilterCallbacks,
  ) {
    this.#cache = cache;
    this.#takesState = takesState;
    this.#perRoute = perRoute;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, cluster, trace } = this.#callbacks;
    if (!cluster || !this.#cache || !isDynamic(cluster)) return 'continue';
    this.#rewriteHost();
    if ((request.get(':authority') ?? '') === '') return this.#refuseEmpty();
    const authority = this.#takesState
      ? dynamicHost(request.get(':authority') ?? '', this.#callbacks.filterState)
      : (request.get(':authority') ?? '');
    const host = this.#cache.load(authority, cluster.node.has('transport_socket') ? PORTS.secure : PORTS.plain);
    if (host === 'overflow') return this.#refuse('DNS cache overflow', 'dns_cache_overflow');
    trace?.record({
      kind: 'dns_host_loaded',
      state: host.address === undefined ? 'failed' : 'matched',
      because: cluster.node.ref,
      sentence: `The host ${host.key} ${host.address === undefined ? 'leads nowhere' : `is at ${host.address}`}.`,
    });
    if (host.address === undefined) return this.#refuse('DNS resolution failure', NO_RECORDS, 'DF');
    return 'continue';
  }

  #refuseEmpty(): FilterStatus {
    this.#callbacks.sendLocalReply({ status: 400, body: 'Empty host header', details: 'empty_host_header' });
    return 'stop_iteration';
  }

  #rewriteHost(): void {
    const { request } = this.#callbacks;
    const header = this.#perRoute?.text('host_rewrite_header');
    const host = this.#perRoute?.text('host_rewrite_literal') ?? (header && request.get(header.toLowerCase()));
    if (host) request.set(':authority', host);
  }

  #refuse(body: string, details: string, flag = '-'): FilterStatus {
    this.#callbacks.sendLocalReply({ status: 503, body, details, flag });
    return 'stop_iteration';
  }
}

/** Clusters of other kinds look for their hosts by themselves. */
const isDynamic = ({ node }: Cluster): boolean =>
  node.child('cluster_type')?.text('name') === 'envoy.clusters.dynamic_forward_proxy';

export const dynamicForwardProxyFilterFactory = defineHttpFilter<ConfigNode>({
  name: 'envoy.filters.http.dynamic_forward_proxy',
  type: 'envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig',
  fidelity: {
    level: 'partial',
    notSimulated: ['sub_cluster_config', 'save_upstream_address'],
  },
  compile: (config, { dnsCaches }) => {
    const cacheConfig = config.child('dns_cache_config');
    const cache = cacheConfig && dnsCaches.cacheOf(cacheConfig);
    const takesState = config.flag('allow_dynamic_host_from_filter_state');
    return (callbacks, perRoute) => new ProxyFilter(cache, takesState, perRoute, callbacks);
  },
  compilePerRoute: (config) => config,
});
