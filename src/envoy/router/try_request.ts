import type { JsonObject } from '#api';
import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import type { Stream } from '../http/stream.ts';
import { hashOf, newCookies } from '../load_balancing/hash_policy.ts';
import type { HttpResponse, UpstreamRequest } from '../seams.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { ChoiceContext } from '../upstream/cluster_discovery.ts';
import { retryNodeOf } from './retry_policy.ts';
import type { RetryChoice } from './retry_hosts.ts';
import { subsetOf } from './route.ts';
import { saysEmptyBody } from './upstream_headers.ts';
import { hasWholeRequest } from './upstream_tunnel.ts';
import { setGrpcTimeout } from '../http/stream_duration.ts';
import { asksGrpc, type UpstreamTimeouts } from './upstream_timeouts.ts';

/** With `refresh_cluster_on_retry` a retry may go to another cluster, where the route's choice comes out otherwise. */
export function clusterOfRetry(stream: Stream, cluster: Cluster, services: RefreshServices): Cluster {
  if (retryNodeOf(stream)?.flag('refresh_cluster_on_retry') !== true || !stream.route!.isRefreshable) return cluster;
  const { name } = stream.route!.chooseCluster(stream, services.random);
  return services.clusters.get(name ?? '') ?? cluster;
}

interface RefreshServices {
  readonly random: Random;
  readonly clusters: { get(name: string): Cluster | undefined };
}

/** What the choice of a host may depend on. */
export function choiceContextOf(stream: Stream, retry: RetryChoice | undefined): ChoiceContext {
  const policies = hashPolicyOf(stream);
  const hash = policies.length === 0 ? undefined : hashOf(policies, stream);
  return { hash, subset: wantedSubset(stream), retry, stream };
}

/** The load balancing policy's own, or else the route's. */
function hashPolicyOf({ route, cluster }: Stream): readonly ConfigNode[] {
  return cluster && cluster.hashPolicy.length > 0 ? cluster.hashPolicy : route!.hashPolicy;
}

/** What the route and the weighted cluster ask of an endpoint's metadata. */
function wantedSubset({ route, weighted, dynamicMetadata }: Stream): JsonObject | undefined {
  const own = dynamicMetadata['envoy.lb'] as JsonObject | undefined;
  const ofWeighted = subsetOf(weighted?.node);
  if (!own && !ofWeighted) return route!.subset;
  return { ...route!.subset, ...ofWeighted, ...own };
}

/** Tells the upstream how long somebody will wait. */
export function setExpectedTimeout({ request, route, router }: Stream, timeouts: UpstreamTimeouts): void {
  // A hedged try may go on beside the next one.
  const expected = (timeouts.hedges ? 0 : timeouts.perTryMs) || timeouts.globalMs;
  if (expected === 0) return;
  if (!router.suppressEnvoyHeaders) request.set('x-envoy-expected-rq-timeout-ms', String(expected));
  if (asksGrpc(route!, request)) setGrpcTimeout(request, expected);
}

/** The upstream's headers as the client gets them; of a request that is not whole nobody knows how long its answer took. */
export function responseHeaders(stream: Stream, response: HttpResponse, attempts: number): HeaderMap {
  const headers = response.headers.copy();
  if (!stream.router.suppressEnvoyHeaders && hasWholeRequest(stream)) headers.set('x-envoy-upstream-service-time', '0');
  const policies = hashPolicyOf(stream);
  if (policies.length > 0) for (const cookie of newCookies(policies, stream)) headers.add('set-cookie', cookie);
  if (stream.virtualHost?.countsAttemptsInResponse) headers.set('x-envoy-attempt-count', String(attempts));
  return headers;
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Blanks around a value are none of it where it is a line. */
function trimmed(headers: HeaderMap): HeaderMap {
  if (!headers.find((_, value) => isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))))
    return headers;
  return new HeaderMap(headers.pairs().map(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, '')]));
}

/** What one try sends. */
export const requestOf = (stream: Stream, cluster: Cluster, attempt: number, isHttp2: boolean): UpstreamRequest => ({
  protocol: isHttp2 ? 'HTTP/2' : 'HTTP/1.1',
  headers: isHttp2 ? tryHeaders(stream, cluster, attempt) : trimmed(tryHeaders(stream, cluster, attempt)),
  body: stream.requestBody,
  ...(!stream.isComplete && { isIncomplete: true }),
});

function tryHeaders(stream: Stream, cluster: Cluster, attempt: number): HeaderMap {
  const { request, virtualHost } = stream;
  if (virtualHost?.countsAttempts) request.set('x-envoy-attempt-count', String(attempt));
  const headers = request.copy();
  if (cluster.http.sendsFullUrl)
    headers.set(':path', `${request.get(':scheme')}://${request.get(':authority') ?? ''}${request.get(':path') ?? ''}`);
  if (
    !cluster.speaksHttp2(String(stream.log['protocol'])) &&
    stream.requestBody === '' &&
    !headers.has('content-length')
  ) {
    if (stream.isChunked) headers.set('transfer-encoding', 'chunked');
    else if (saysEmptyBody(headers, stream.requestBody)) headers.set('content-length', '0');
  }
  return headers;
}

/** Where no host can be chosen; a session that asks for one may have a status of its own. */
export const noHostReply = ({ overrideHost }: Stream): { status: number; body: string; details: string } => ({
  status: overrideHost?.statusWhenGone ?? 503,
  body: 'no healthy upstream',
  details: 'no_healthy_upstream',
});
