import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';
import { hostsByLocality } from './hosts_by_locality.ts';
import type { WeightedHost, WeightedHosts } from './load_balancer.ts';

/** Every host's share of one: thread_aware_lb_impl.cc, normalizeWeights. */
export function weightedHosts(hosts: readonly Host[], byLocality: boolean): WeightedHosts {
  if (!byLocality) return normalized(hosts, 1);
  const localities = hostsByLocality(hosts);
  const total = [...localities.keys()].reduce((sum, { weight }) => sum + weight, 0);
  return [...localities].flatMap(([{ weight }, members]) => (weight === 0 ? [] : normalized(members, weight / total)));
}

function normalized(hosts: readonly Host[], share: number): WeightedHost[] {
  const total = hosts.reduce((sum, { weight }) => sum + weight, 0);
  return hosts.map((host) => ({ host, weight: (host.weight * share) / total }));
}

/** Of a request that no policy has a hash for. */
export const randomHash = (random: Random): bigint =>
  (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32));
