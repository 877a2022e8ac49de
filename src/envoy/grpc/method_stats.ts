import type { StatsStore } from '../stats/store.ts';
import type { Cluster } from '../upstream/cluster.ts';

/** Service and method of a gRPC path; undefined for a path that is none. */
export function grpcMethodOf(path: string): { readonly service: string; readonly method: string } | undefined {
  const [, service, method] = /^\/([^/?]+)\/([^/?]+)$/.exec(path.split('?')[0]!) ?? [];
  return service === undefined || method === undefined ? undefined : { service, method };
}

/** Counts the outcome of a call under its cluster: grpc/context_impl.cc, chargeStat. */
export function chargeGrpc(
  stats: StatsStore,
  cluster: Cluster,
  kind: 'grpc' | 'grpc-web',
  name: { readonly service: string; readonly method: string } | undefined,
  status: string | undefined,
): void {
  if (status === undefined) return;
  const prefix = grpcPrefix(cluster, kind, name);
  stats.add(`${prefix}${status}`);
  stats.add(`${prefix}${status === '0' ? 'success' : 'failure'}`);
  stats.add(`${prefix}total`);
}

export const grpcPrefix = (
  cluster: Cluster,
  kind: 'grpc' | 'grpc-web',
  name: { readonly service: string; readonly method: string } | undefined,
): string => `cluster.${cluster.statName}.${kind}.${name ? `${name.service}.${name.method}.` : ''}`;
