import type { Stream } from '../http/stream.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Random } from '#sim';
import type { Runtime } from '../runtime/runtime.ts';
import type { StatsStore } from '../stats/store.ts';
import { shadowsOf } from './shadow.ts';
import { SHADOW_FACTS } from './upstream_counts.ts';

interface ShadowServices {
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: StatsStore;
  readonly clusters: { get(name: string): Cluster | undefined };
}

/** Sends the copies that are asked for; nobody waits for what they bring: router/shadow_writer_impl.cc. */
export function sendShadows(stream: Stream, services: ShadowServices, timeoutMs: number): void {
  const { request, requestBody, route } = stream;
  for (const { cluster: name, headers } of shadowsOf(route!.mirrors, request, services)) {
    const cluster = services.clusters.get(name);
    const host = cluster?.chooseHost({ hash: undefined, subset: undefined });
    if (!cluster || !host) continue;
    headers.set('x-envoy-expected-rq-timeout-ms', String(timeoutMs));
    stream.span?.child().inject(headers);
    cluster.poolOf(host, 'DEFAULT').newStream(
      { headers, body: requestBody },
      {
        onReady: () => undefined,
        onOverflow: () => undefined,
        onReply: (reply) => 'response' in reply && countShadow(services, cluster, reply.response.status),
      },
    );
  }
}

function countShadow({ stats }: ShadowServices, cluster: Cluster, status: number): void {
  stats.add('http.async-client.rq_total');
  cluster.stats.charge(status, SHADOW_FACTS);
}
