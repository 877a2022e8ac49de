import type { Dispatcher, Random } from '#sim';
import { HeaderMap } from '../http/header_map.ts';
import type { Stream } from '../http/stream.ts';
import type { LogFiles } from '../access_log/file_access_log.ts';
import type { StatsStore } from '../stats/store.ts';
import type { UpstreamNetwork, UpstreamReply } from '../seams.ts';
import type { Trace } from '../trace.ts';
import type { Cluster } from '../upstream/cluster.ts';
import { rewriteRequest } from './rewrite.ts';

export interface RouterServices {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly network: UpstreamNetwork;
  readonly files: LogFiles;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
}

/** The terminal HTTP filter: picks cluster and host, sends the request on, and gives the answer back to the stream. */
export function routeUpstream(stream: Stream, services: RouterServices): void {
  const { stats, trace, clusters } = services;
  const { name, weighted } = stream.route!.chooseCluster(stream.request, services.random);
  const cluster = name === undefined ? undefined : clusters.get(name);
  if (!cluster) {
    stats.add(`${stream.statPrefix}no_cluster`);
    trace?.record({ kind: 'cluster_not_found', state: 'failed', because: stream.route!.node.ref, sentence: `The route sends to the cluster \`${name ?? ''}\`, and no cluster has that name: 503 NC.` });
    return stream.sendLocalReply(statusWithoutCluster(stream), '', 'NC', 'cluster_not_found');
  }
  stream.log['cluster'] = cluster.statName;
  stream.cluster = cluster;
  stream.weighted = weighted;
  trace?.record({ kind: 'cluster_selected', state: 'matched', because: cluster.node.ref, sentence: `The request goes to the cluster \`${cluster.name}\`.` });
  stream.mutateRequest();
  rewriteRequest(stream.route!, stream.request, stream.suppressEnvoyHeaders, weighted?.node.text('host_rewrite_literal'));
  const host = cluster.chooseHost();
  if (host === undefined) {
    stats.add(`cluster.${cluster.statName}.upstream_cx_none_healthy`);
    countUpstream(stats, cluster, 503);
    trace?.record({ kind: 'no_healthy_upstream', state: 'failed', because: cluster.node.ref, sentence: `The cluster \`${cluster.name}\` has no endpoint: 503 UH.` });
    return stream.sendLocalReply(503, 'no healthy upstream', 'UH', 'no_healthy_upstream');
  }
  sendTo(host, cluster, stream, services);
}

const STATUS_WITHOUT_CLUSTER: Readonly<Record<string, number>> = { NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 };

const statusWithoutCluster = (stream: Stream): number =>
  STATUS_WITHOUT_CLUSTER[stream.route!.action!.text('cluster_not_found_response_code') ?? ''] ?? 503;

function sendTo(host: string, cluster: Cluster, stream: Stream, services: RouterServices): void {
  const { dispatcher, network, stats, trace } = services;
  const timeoutMs = stream.route!.timeoutMs;
  const headers = upstreamHeaders(stream, timeoutMs);
  Object.assign(stream.log, { upstream_host: host, attempts: 1 });
  trace?.record({ kind: 'host_chosen', state: 'matched', because: cluster.node.ref, sentence: `Round robin picks ${host}, one of ${cluster.hosts.length}.` });
  let isDone = false;
  const timer = timeoutMs > 0 ? dispatcher.createTimer('response_timeout', timeoutMs, () => {
    isDone = true;
    stats.add(`cluster.${cluster.statName}.upstream_rq_total`);
    stats.add(`cluster.${cluster.statName}.upstream_rq_timeout`);
    countUpstream(stats, cluster, 504);
    trace?.record({ kind: 'response_timeout', state: 'failed', because: stream.route!.node.ref, sentence: `No answer within ${timeoutMs} ms: 504 UT.` });
    stream.sendLocalReply(504, 'upstream request timeout', 'UT', 'response_timeout');
  }) : undefined;
  network.send(host, { headers, body: stream.requestBody }, (reply) => {
    if (isDone) return;
    isDone = true;
    timer?.cancel();
    answer(reply, cluster, stream, services);
  });
}

function answer(reply: UpstreamReply, cluster: Cluster, stream: Stream, { stats, trace }: RouterServices): void {
  const prefix = `cluster.${cluster.statName}`;
  if ('failure' in reply) {
    const refused = reply.failure === 'refused';
    stats.add(refused ? `${prefix}.upstream_cx_connect_fail` : `${prefix}.upstream_rq_total`);
    countUpstream(stats, cluster, 503);
    trace?.record({ kind: 'upstream_failed', state: 'failed', because: cluster.node.ref, sentence: refused ? 'The connection was refused: 503 UF.' : 'The upstream closed the connection before an answer: 503 UC.' });
    return refused ? refuse(stream) : stream.sendLocalReply(503, 'upstream connect error or disconnect/reset before headers. reset reason: connection termination', 'UC', 'upstream_reset_before_response_started{connection_termination}');
  }
  const { response } = reply;
  stats.add(`${prefix}.upstream_rq_total`);
  countUpstream(stats, cluster, response.status);
  trace?.record({ kind: 'upstream_answered', state: 'info', because: cluster.node.ref, sentence: `The upstream answers ${response.status}.` });
  const headers = new HeaderMap(response.headers.pairs());
  if (!stream.suppressEnvoyHeaders) headers.set('x-envoy-upstream-service-time', '0');
  stream.finish({ ...response, headers }, '-', 'via_upstream');
}

function refuse(stream: Stream): void {
  stream.log['transport_failure'] = 'delayed_connect_error:_Connection_refused';
  stream.sendLocalReply(503, 'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused', 'UF', 'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}');
}

/** The codes of a cluster, once for all and once for requests from outside (no client is internal by default). */
function countUpstream(stats: StatsStore, cluster: Cluster, status: number): void {
  for (const scope of ['', 'external.']) {
    stats.add(`cluster.${cluster.statName}.${scope}upstream_rq_${status}`);
    stats.add(`cluster.${cluster.statName}.${scope}upstream_rq_${Math.floor(status / 100)}xx`);
    stats.add(`cluster.${cluster.statName}.${scope}upstream_rq_completed`);
  }
}

function upstreamHeaders(stream: Stream, timeoutMs: number): HeaderMap {
  const headers = new HeaderMap(stream.request.pairs());
  if (timeoutMs > 0 && !stream.suppressEnvoyHeaders) headers.set('x-envoy-expected-rq-timeout-ms', String(timeoutMs));
  return headers;
}
