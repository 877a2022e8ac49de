import type { Tag } from '../stats/tag_producer.ts';
import type { Cluster } from '../upstream/cluster.ts';

/** A statistic that an endpoint keeps by itself; its labels do not come out of its name. */
export interface EndpointMetric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
  readonly isUsed: boolean;
  readonly tagged: { readonly name: string; readonly tags: readonly Tag[] };
}

const COUNTERS = ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'] as const;
const GAUGES = ['cx_active', 'rq_active'] as const;

/** With `per_endpoint_stats`: what each endpoint of the cluster counts (upstream/host_utility.cc, forEachHostMetric). */
export function endpointMetrics(clusters: { values(): Iterable<Cluster> }): EndpointMetric[] {
  return [...clusters.values()].filter((one) => one.stats.tracksEndpoints).flatMap(metricsOf);
}

function metricsOf(cluster: Cluster): EndpointMetric[] {
  return cluster.hosts.flatMap((host) => {
    const metric = (kind: EndpointMetric['kind'], name: string, value: number): EndpointMetric => ({
      name: `cluster.${cluster.statName}.endpoint.${host.address.replaceAll(':', '_')}.${name}`,
      kind,
      value,
      isUsed: kind === 'gauge' || value > 0,
      tagged: {
        name: `cluster.endpoint.${name}`,
        tags: [
          { name: 'envoy.cluster_name', value: cluster.statName },
          { name: 'envoy.endpoint_address', value: host.address },
          ...(host.hostname === '' ? [] : [{ name: 'envoy.endpoint_hostname', value: host.hostname }]),
        ],
      },
    });
    return [
      ...COUNTERS.map((name) => metric('counter', name, host.stats[name])),
      ...GAUGES.map((name) => metric('gauge', name, host.stats[name])),
      metric('gauge', 'healthy', host.health === 'unhealthy' ? 0 : 1),
    ];
  });
}
