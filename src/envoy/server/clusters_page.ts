import type { Cluster } from '../upstream/cluster.ts';
import type { ClusterManager } from '../upstream/cluster_manager.ts';
import type { Host } from '../upstream/host.ts';

/** `/clusters` in text: of each cluster its limits, of each host its score and health. */
export function clustersPage(clusters: ClusterManager): string {
  return [...clusters.values()]
    .flatMap(linesOf)
    .map((line) => `${line}\n`)
    .join('');
}

function linesOf(cluster: Cluster): string[] {
  const own = (line: string): string => `${cluster.name}::${line}`;
  const limits = (['DEFAULT', 'HIGH'] as const).flatMap((priority) => {
    const { connections, pending_requests, requests, retries } = cluster.breaker(priority).limits;
    const line = (name: string, value: number): string => own(`${priority.toLowerCase()}_priority::${name}::${value}`);
    return [
      line('max_connections', connections),
      line('max_pending_requests', pending_requests),
      line('max_requests', requests),
      line('max_retries', retries),
    ];
  });
  return [
    own(`observability_name::${cluster.statName}`),
    ...limits,
    own('added_via_api::false'),
    ...cluster.hosts.flatMap((host) => hostLines(host).map((line) => own(`${host.address}::${line}`))),
  ];
}

function hostLines(host: Host): string[] {
  const { cx_active, cx_connect_fail, cx_total, rq_active, rq_error, rq_success, rq_timeout, rq_total } = host.stats;
  const stats = Object.entries({
    cx_active,
    cx_connect_fail,
    cx_total,
    rq_active,
    rq_error,
    rq_success,
    rq_timeout,
    rq_total,
  }).map(([name, value]) => `${name}::${value}`);
  const [region = '', zone = '', subZone = ''] = host.locality.name.split('/');
  const facts = {
    hostname: host.hostname,
    health_flags: flagsOf(host),
    weight: host.weight,
    region,
    zone,
    sub_zone: subZone,
    canary: false,
    priority: host.priority,
    success_rate: -1,
    local_origin_success_rate: -1,
  };
  return [...stats, ...Object.entries(facts).map(([name, value]) => `${name}::${value}`)];
}

const flagsOf = (host: Host): string =>
  host.flags.size === 0 ? 'healthy' : [...host.flags].map((flag) => `/${flag}`).join('');
