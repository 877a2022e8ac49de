import type { ConfigNode } from '../config_node.ts';
import type { StreamFacts } from '../upstream/cluster_discovery.ts';
import type { Host } from '../upstream/host.ts';

/** The endpoint that a request names, by its address; undefined where it names none that is there. */
export type OverrideHost = (stream: StreamFacts, hosts: readonly Host[]) => Host | undefined;

/** `override_host` of a cluster's `load_balancing_policy`: override_host/load_balancer.cc. */
export function overrideHostOf(config: ConfigNode | undefined): OverrideHost | undefined {
  if (!config) return undefined;
  const sources = config.list('override_host_sources');
  return (stream, hosts) => {
    for (const source of sources) {
      for (const address of toldBy(source, stream)?.split(',') ?? []) {
        const host = hosts.find((one) => one.address === address.trim());
        if (host) return host;
      }
    }
    return undefined;
  };
}

function toldBy(source: ConfigNode, { request, dynamicMetadata }: StreamFacts): string | undefined {
  const header = source.text('header');
  if (header !== undefined) return request.get(header.toLowerCase());
  const key = source.child('metadata');
  let value: unknown = key && dynamicMetadata[key.text('key') ?? ''];
  for (const step of key?.list('path') ?? [])
    value = (value as Record<string, unknown> | undefined)?.[step.text('key') ?? ''];
  return typeof value === 'string' ? value : undefined;
}
