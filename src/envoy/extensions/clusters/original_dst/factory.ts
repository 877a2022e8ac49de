import { durationMs } from '#api';
import { isIpAddress } from '../../../network/cidr.ts';
import type {
  ChoiceContext,
  ClusterDiscovery,
  ClusterFactory,
  DiscoveryOwner,
} from '../../../upstream/cluster_discovery.ts';
import { hostAt, type Host } from '../../../upstream/host.ts';
import type { ConfigNode } from '../../../config_node.ts';

const DEFAULT_CLEANUP_MS = 5_000;
const DEFAULT_HEADER = 'x-envoy-original-dst-host';

/** `type: ORIGINAL_DST`: a request goes where its connection was meant to go, or where a header says: original_dst_cluster.cc. */
class OriginalDst implements ClusterDiscovery {
  readonly phase = 'primary';
  readonly #owner: DiscoveryOwner;
  readonly #config: ConfigNode | undefined;
  readonly #header: string | undefined;
  readonly #hosts = new Map<string, Host>();
  readonly #used = new Set<Host>();
  #isStopped = false;

  constructor(owner: DiscoveryOwner) {
    this.#owner = owner;
    this.#config = owner.node.child('original_dst_lb_config');
    this.#header = this.#config?.flag('use_http_header')
      ? (this.#config.text('http_header_name') || DEFAULT_HEADER).toLowerCase()
      : undefined;
  }

  start(onInitialized: () => void): void {
    onInitialized();
    this.#cleanUpLater();
  }

  stop(): void {
    this.#isStopped = true;
  }

  chooseHost({ stream }: ChoiceContext): Host | undefined {
    const wanted = this.#overridden(stream);
    const address = wanted && this.#withPort(wanted);
    if (address === undefined) return undefined;
    const known = this.#hosts.get(address);
    if (known) this.#used.add(known);
    return known ?? this.#add(address);
  }

  /** Metadata first, then the header: an address that is none counts as invalid. */
  #overridden(stream: ChoiceContext['stream']): string | undefined {
    const told = this.#fromMetadata(stream) ?? (this.#header && stream?.request.get(this.#header));
    if (told === undefined || told === '') return stream?.connection.restoredAddress;
    const at = told.lastIndexOf(':');
    const isAddress = isIpAddress(told.slice(0, at).replace(/^\[|\]$/g, '')) && /^\d+$/.test(told.slice(at + 1));
    if (isAddress) return told;
    this.#owner.stats.add(`${this.#owner.statPrefix}original_dst_host_invalid`);
    return undefined;
  }

  #fromMetadata(stream: ChoiceContext['stream']): string | undefined {
    const key = this.#config?.child('metadata_key');
    let value: unknown = key && stream?.dynamicMetadata[key.text('key') ?? ''];
    for (const step of key?.list('path') ?? [])
      value = (value as Record<string, unknown> | undefined)?.[step.text('key') ?? ''];
    return typeof value === 'string' ? value : undefined;
  }

  #withPort(address: string): string {
    const port = this.#config?.number('upstream_port_override');
    return port === undefined ? address : address.replace(/:\d+$/, `:${port}`);
  }

  #add(address: string): Host {
    const host = hostAt(this.#owner.node, address, `${this.#owner.node.text('name') ?? ''}${address}`);
    this.#hosts.set(address, host);
    this.#used.add(host);
    this.#owner.setHosts([...this.#hosts.values()]);
    return host;
  }

  /** A host that nobody asked for since the last time goes. */
  #cleanUpLater(): void {
    const ms = durationMs(this.#owner.node.text('cleanup_interval')) ?? DEFAULT_CLEANUP_MS;
    this.#owner.dispatcher.createTimer('original_dst_cleanup', ms, () => {
      if (this.#isStopped) return;
      const stale = [...this.#hosts].filter(([, host]) => !this.#used.has(host));
      for (const [address] of stale) this.#hosts.delete(address);
      this.#used.clear();
      if (stale.length > 0) this.#owner.setHosts([...this.#hosts.values()]);
      this.#cleanUpLater();
    });
  }
}

export const originalDstClusterFactory: ClusterFactory = {
  name: 'envoy.cluster.original_dst',
  type: 'ORIGINAL_DST',
  create: (owner) => new OriginalDst(owner),
};
