import type { JsonObject } from '#api';
import type { Cluster } from '../upstream/cluster.ts';
import type { HealthFlag, Host } from '../upstream/host.ts';

/** A cluster, and whether it came over CDS. */
export interface ListedCluster {
  readonly cluster: Cluster;
  readonly isAddedViaApi: boolean;
}

const PRIORITIES = ['DEFAULT', 'HIGH'] as const;

/** `/clusters` in text: of each cluster its limits, of each host its score and health. */
export function clustersPage(clusters: readonly ListedCluster[]): string {
  return clusters
    .flatMap(linesOf)
    .map((line) => `${line}\n`)
    .join('');
}

/** `/clusters?format=json`: `envoy.admin.v3.Clusters`. */
export function clustersJson(clusters: readonly ListedCluster[]): JsonObject {
  return clusters.length === 0 ? {} : { cluster_statuses: clusters.map(statusOf) };
}

const limitsOf = (cluster: Cluster, priority: (typeof PRIORITIES)[number]): Record<string, number> => {
  const { connections, pending_requests, requests, retries } = cluster.breaker(priority).limits;
  return {
    max_connections: connections,
    max_pending_requests: pending_requests,
    max_requests: requests,
    max_retries: retries,
  };
};

const OUTLIER_LINES = [
  'success_rate_average',
  'success_rate_ejection_threshold',
  'local_origin_success_rate_average',
  'local_origin_success_rate_ejection_threshold',
];

function linesOf({ cluster, isAddedViaApi }: ListedCluster): string[] {
  const own = (line: string): string => `${cluster.name}::${line}`;
  const outlier = cluster.outlier ? OUTLIER_LINES.map((name) => own(`outlier::${name}::-1`)) : [];
  const limits = PRIORITIES.flatMap((priority) =>
    Object.entries(limitsOf(cluster, priority)).map(([name, value]) =>
      own(`${priority.toLowerCase()}_priority::${name}::${value}`),
    ),
  );
  return [
    own(`observability_name::${cluster.statName}`),
    ...outlier,
    ...limits,
    own(`added_via_api::${isAddedViaApi}`),
    ...cluster.hosts.flatMap((host) => hostLines(host).map((line) => own(`${host.address}::${line}`))),
  ];
}

/** `rq_pending_active` is a gauge of the host that is 0 whenever nothing waits for a connection. */
const statsOf = ({ stats }: Host): Record<string, number> => ({
  cx_active: stats.cx_active,
  cx_connect_fail: stats.cx_connect_fail,
  cx_total: stats.cx_total,
  rq_active: stats.rq_active,
  rq_error: stats.rq_error,
  rq_pending_active: 0,
  rq_success: stats.rq_success,
  rq_timeout: stats.rq_timeout,
  rq_total: stats.rq_total,
});

const localityOf = ({ locality }: Host): { region: string; zone: string; sub_zone: string } => {
  const [region = '', zone = '', sub_zone = ''] = locality.name.split('/');
  return { region, zone, sub_zone };
};

function hostLines(host: Host): string[] {
  const facts = {
    hostname: host.hostname,
    health_flags: flagsOf(host),
    weight: host.weight,
    ...localityOf(host),
    canary: host.isCanary,
    priority: host.priority,
    success_rate: -1,
    local_origin_success_rate: -1,
  };
  return Object.entries({ ...statsOf(host), ...facts }).map(([name, value]) => `${name}::${value}`);
}

/** In the order of HEALTH_FLAG_ENUM_VALUES, upstream.h. */
const FLAGS: readonly HealthFlag[] = [
  'failed_active_hc',
  'failed_outlier_check',
  'failed_eds_health',
  'degraded_active_hc',
  'degraded_eds_health',
  'pending_dynamic_removal',
  'pending_active_hc',
  'excluded_via_immediate_hc_fail',
  'eds_status_draining',
];

function flagsOf(host: Host): string {
  const set = FLAGS.filter((flag) => host.flags.has(flag));
  return set.length === 0 ? 'healthy' : set.map((flag) => `/${flag}`).join('');
}

function statusOf({ cluster, isAddedViaApi }: ListedCluster): JsonObject {
  const [normal, high] = PRIORITIES.map((priority) => limitsOf(cluster, priority));
  return {
    name: cluster.name,
    ...(isAddedViaApi ? { added_via_api: true } : {}),
    ...(cluster.hosts.length > 0 ? { host_statuses: cluster.hosts.map(hostStatus) } : {}),
    circuit_breakers: { thresholds: [normal!, { priority: 'HIGH', ...high! }] },
    observability_name: cluster.statName,
    ...(cluster.node.child('eds_cluster_config')?.has('service_name')
      ? { eds_service_name: cluster.node.child('eds_cluster_config')!.text('service_name')! }
      : {}),
  };
}

const GAUGES = ['cx_active', 'rq_active', 'rq_pending_active'];
const COUNTERS = ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'];

function hostStatus(host: Host): JsonObject {
  const stats = statsOf(host);
  const at = host.address.lastIndexOf(':');
  /** Numbers of 64 bits are texts in JSON, and a 0 is left out. */
  const metric = (name: string): JsonObject => ({ name, ...(stats[name] ? { value: String(stats[name]) } : {}) });
  const locality = Object.entries(localityOf(host)).filter(([, value]) => value !== '');
  return {
    address: { socket_address: { address: host.address.slice(0, at), port_value: Number(host.address.slice(at + 1)) } },
    stats: [...COUNTERS.map(metric), ...GAUGES.map((name) => ({ type: 'GAUGE', ...metric(name) }))],
    health_status: healthStatus(host),
    weight: host.weight,
    ...(host.hostname === '' ? {} : { hostname: host.hostname }),
    ...(host.priority === 0 ? {} : { priority: host.priority }),
    locality: Object.fromEntries(locality),
  };
}

function healthStatus({ flags }: Host): JsonObject {
  const told: readonly (readonly [HealthFlag, string])[] = [
    ['failed_active_hc', 'failed_active_health_check'],
    ['failed_outlier_check', 'failed_outlier_check'],
    ['degraded_active_hc', 'failed_active_degraded_check'],
    ['pending_dynamic_removal', 'pending_dynamic_removal'],
    ['pending_active_hc', 'pending_active_hc'],
  ];
  const eds = flags.has('failed_eds_health')
    ? 'UNHEALTHY'
    : flags.has('degraded_eds_health')
      ? 'DEGRADED'
      : flags.has('eds_status_draining')
        ? 'DRAINING'
        : 'HEALTHY';
  return {
    ...Object.fromEntries(told.filter(([flag]) => flags.has(flag)).map(([, name]) => [name, true])),
    eds_health_status: eds,
  };
}
