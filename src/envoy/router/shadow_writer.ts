import type { Stream } from '../http/stream.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { Random } from '#sim';
import type { Runtime } from '../runtime/runtime.ts';
import type { StatsStore } from '../stats/store.ts';
import { nearestOf } from './route.ts';
import { shadowsOf } from './shadow.ts';
import { SHADOW_FACTS } from './upstream_counts.ts';

/** What a copy counts as that nobody answered. */
const UNAVAILABLE = 503;

interface ShadowServices {
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: StatsStore;
  readonly clusters: { get(name: string): Cluster | undefined };
}

/** Sends the copies that are asked for; nobody waits for what they bring: router/shadow_writer_impl.cc. */
export function sendShadows(stream: Stream, services: ShadowServices, timeoutMs: number): void {
  const { request, requestBody, route } = stream;
  const policies = nearestOf(stream.cluster!.http.mirrors, route!.mirrors);
  if (policies.length === 0) return;
  const { random, runtime } = services;
  const context = (): FormatterContext => stream.context();
  for (const { cluster: name, headers } of shadowsOf(policies, request, { random, runtime, context })) {
    const cluster = services.clusters.get(name);
    const host = cluster?.chooseHost({ hash: undefined, subset: undefined });
    if (!cluster) continue;
    const pool = host && cluster.poolOf(host, 'DEFAULT');
    if (!pool) {
      countShadow(services, cluster, UNAVAILABLE);
      continue;
    }
    headers.set('x-envoy-expected-rq-timeout-ms', String(timeoutMs));
    stream.span?.child().inject(headers);
    pool.newStream(
      { headers, body: requestBody },
      {
        onReady: () => undefined,
        onOverflow: () => countShadow(services, cluster, UNAVAILABLE),
        onReply: (reply) => countShadow(services, cluster, 'response' in reply ? reply.response.status : UNAVAILABLE),
      },
    );
  }
}

function countShadow({ stats }: ShadowServices, cluster: Cluster, status: number): void {
  stats.add('http.async-client.rq_total');
  cluster.stats.charge(status, SHADOW_FACTS);
}
