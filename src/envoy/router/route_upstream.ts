import type { Stream } from '../http/stream.ts';
import { invalidHeader } from './strict_headers.ts';
import { isDropped, isInMaintenance } from './drop_overload.ts';
import { statusWithoutCluster } from './local_replies.ts';
import { retryNodeOf } from './retry_policy.ts';
import { rewriteRequest } from './rewrite.ts';
import { RouterFilter, type FollowRedirect } from './router_filter.ts';
import type { RouterServices } from './router_services.ts';
import { setExpectedTimeout } from './try_request.ts';
import { UpstreamCounts } from './upstream_counts.ts';
import { timeoutsOf } from './upstream_timeouts.ts';

/** The terminal HTTP filter: picks cluster and host, sends the request on, and gives the answer back to the stream. */
export function routeUpstream(stream: Stream, services: RouterServices, followRedirect: FollowRedirect): void {
  const { trace } = services;
  const action = stream.route!.action!;
  const { name, weighted } = stream.choice!;
  const { cluster } = stream;
  if (!cluster) {
    stream.managerStats.no_cluster.inc();
    trace?.record({
      kind: 'cluster_not_found',
      state: 'failed',
      because: stream.route!.node.ref,
      sentence: `The route sends to the cluster \`${name ?? ''}\`, and no cluster has that name: 503 NC.`,
    });
    return stream.sendLocalReply(statusWithoutCluster(action), '', 'NC', 'cluster_not_found');
  }
  const invalid = invalidHeader(stream.router.strictHeaders, stream.request);
  if (invalid) return refuseHeader(stream, invalid);
  // By the path as it came: a virtual cluster looks before the route rewrites.
  const counts = new UpstreamCounts(stream, cluster, services.zone);
  stream.weighted = weighted;
  trace?.record({
    kind: 'cluster_selected',
    state: 'matched',
    because: cluster.node.ref,
    sentence: `The request goes to the cluster \`${cluster.name}\`.`,
  });
  const charge = (status: number): void => void counts.answered(status, undefined);
  if (isInMaintenance(stream, cluster, services, charge) || isDropped(stream, cluster, services, charge)) return;
  // Before the route has its say: router.cc, decodeHeaders.
  const timeouts = timeoutsOf(stream, retryNodeOf(stream));
  setExpectedTimeout(stream, timeouts);
  // What is counted is there for the values of headers.
  stream.log['attempts'] = 1;
  stream.mutateRequest();
  rewriteRequest(stream, weighted?.node.text('host_rewrite_literal'));
  const filter = new RouterFilter(stream, { cluster, counts, timeouts }, services, followRedirect);
  stream.upstream = filter;
  filter.start();
  // Whoever has answered by now did so on the headers alone.
  stream.readBody();
}

function refuseHeader(stream: Stream, { name, value }: { name: string; value: string }): void {
  const details = `request_headers_failed_strict_check{${name}}`;
  stream.sendLocalReply(400, `invalid header '${name}' with value '${value}'`, 'IH', details);
}
