import type { ConfigNode } from '../config_node.ts';
import type { UpstreamNetwork } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';

const DEFAULT_MAX_HOSTS = 1024;

/** A name that was looked for, with its port: undefined address where it leads nowhere. */
export interface DnsHost {
  /** As requests name it: `shop.example:8080`. */
  readonly key: string;
  readonly address: string | undefined;
}

/** What came of asking for a host. */
export type DnsLookup = DnsHost | 'overflow';

/** Names that requests brought, resolved once: dns_cache_impl.cc. Filter and cluster meet in it by its name. */
export class DnsCache {
  readonly #hosts = new Map<string, DnsHost>();
  readonly #prefix: string;
  readonly #maxHosts: number;
  readonly #network: UpstreamNetwork;
  readonly #stats: StatsStore;
  readonly #listeners: ((host: DnsHost) => void)[] = [];

  constructor(config: ConfigNode, network: UpstreamNetwork, stats: StatsStore) {
    this.#prefix = `dns_cache.${config.text('name') ?? ''}.`;
    this.#maxHosts = config.number('max_hosts') ?? DEFAULT_MAX_HOSTS;
    this.#network = network;
    this.#stats = stats;
    stats.declare(
      ...['dns_query_failure', 'dns_query_timeout', 'host_overflow', 'host_removed'].map((one) => this.#prefix + one),
    );
  }

  /** Tells of every host that has an address. */
  onHost(listener: (host: DnsHost) => void): void {
    this.#listeners.push(listener);
    for (const host of this.#hosts.values()) if (host.address !== undefined) listener(host);
  }

  /** Simplified: an answer comes at once, and holds for good. */
  load(authority: string, defaultPort: number): DnsLookup {
    const key = keyOf(authority, defaultPort);
    const known = this.#hosts.get(key);
    if (known) return known;
    if (this.#hosts.size >= this.#maxHosts) {
      this.#count('host_overflow');
      return 'overflow';
    }
    const at = key.lastIndexOf(':');
    const [name, port] = [key.slice(0, at), key.slice(at + 1)];
    this.#count('host_added');
    this.#count('dns_query_attempt');
    const [found] = this.#network.resolve(name.replace(/^\[|\]$/g, ''));
    this.#count(found === undefined ? 'dns_query_failure' : 'dns_query_success');
    if (found !== undefined) this.#count('host_address_changed');
    const host = { key, address: found === undefined ? undefined : `${found}:${port}` };
    this.#hosts.set(key, host);
    this.#stats.set(`${this.#prefix}num_hosts`, this.#hosts.size);
    if (host.address !== undefined) for (const listener of this.#listeners) listener(host);
    return host;
  }

  #count(name: string): void {
    this.#stats.add(this.#prefix + name);
  }
}

/** A host with its port: the same key whether the request names the port or not. */
export const keyOf = (authority: string, defaultPort: number): string =>
  /:\d+$/.test(authority) ? authority : `${authority}:${defaultPort}`;

/** The caches by name: who asks for one of a name gets the one that is there. */
export class DnsCaches {
  readonly #caches = new Map<string, DnsCache>();
  readonly #network: UpstreamNetwork;
  readonly #stats: StatsStore;

  constructor(network: UpstreamNetwork, stats: StatsStore) {
    this.#network = network;
    this.#stats = stats;
  }

  cacheOf(config: ConfigNode): DnsCache {
    const name = config.text('name') ?? '';
    let cache = this.#caches.get(name);
    if (!cache) this.#caches.set(name, (cache = new DnsCache(config, this.#network, this.#stats)));
    return cache;
  }
}
