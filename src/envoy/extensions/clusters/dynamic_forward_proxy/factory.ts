import { dynamicHost } from '../../../dns/dynamic_host.ts';
import { keyOf, type DnsCache } from '../../../dns/dns_cache.ts';
import type {
  ChoiceContext,
  ClusterDiscovery,
  ClusterFactory,
  DiscoveryOwner,
} from '../../../upstream/cluster_discovery.ts';
import { hostAt, type Host } from '../../../upstream/host.ts';

const PORTS = { plain: 80, secure: 443 } as const;

/** A cluster whose endpoints are the hosts that requests named: dynamic_forward_proxy/cluster.cc. */
class DynamicForwardProxy implements ClusterDiscovery {
  readonly phase = 'primary';
  readonly #owner: DiscoveryOwner;
  readonly #hosts = new Map<string, Host>();
  readonly #defaultPort: number;
  #cache: DnsCache | undefined;

  constructor(owner: DiscoveryOwner) {
    this.#owner = owner;
    this.#defaultPort = owner.node.has('transport_socket') ? PORTS.secure : PORTS.plain;
  }

  start(onInitialized: () => void): void {
    const { node, dnsCaches, setHosts } = this.#owner;
    const config = node.child('cluster_type')?.child('typed_config')?.child('dns_cache_config');
    this.#cache = config && dnsCaches.cacheOf(config);
    this.#cache?.onHost(({ key, address }) => {
      const host = hostAt(node, address!, key);
      this.#hosts.set(key, host);
      setHosts([...this.#hosts.values()]);
    });
    onInitialized();
  }

  /** A host that no filter has looked up is looked up now. */
  chooseHost({ stream }: ChoiceContext): Host | undefined {
    const authority = dynamicHost(stream?.request.get(':authority') ?? '', stream?.filterState);
    const key = keyOf(authority, this.#defaultPort);
    if (!this.#hosts.has(key)) this.#cache?.load(authority, this.#defaultPort);
    return this.#hosts.get(key);
  }
}

export const dynamicForwardProxyClusterFactory: ClusterFactory = {
  name: 'envoy.clusters.dynamic_forward_proxy',
  message: 'envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
  create: (owner) => new DynamicForwardProxy(owner),
};
