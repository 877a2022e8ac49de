import { isGrpc } from '../formatter/grpc_status.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { Stream } from '../http/stream.ts';
import type { HttpResponse } from '../seams.ts';
import type { Counter } from '../stats/metric.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { ClusterStats, ResponseFacts } from '../upstream/cluster_stats.ts';
import type { Host } from '../upstream/host.ts';
import type { RequestCounter, RequestStats } from './request_stats.ts';

type ClusterCounter = {
  [K in keyof ClusterStats['traffic']]: ClusterStats['traffic'][K] extends Counter ? K : never;
}[keyof ClusterStats['traffic']];

/** How a copy of a request is counted: it comes from Envoy itself. */
export const SHADOW_FACTS: ResponseFacts = { isInternal: true, isCanary: false, zone: undefined, altName: undefined };

/** What one request counts on its way upstream: under its cluster, its virtual cluster and its route. */
export class UpstreamCounts {
  #stats: ClusterStats;
  readonly #scopes: readonly RequestStats[];
  readonly #isInternal: boolean;
  readonly #altName: string | undefined;
  readonly #countsCodes: boolean;
  readonly #suppressesCode: boolean;
  readonly #ownZone: string;

  constructor(stream: Stream, cluster: Cluster, ownZone: string) {
    this.#stats = cluster.stats;
    this.#isInternal = stream.request.has('x-envoy-internal');
    this.#altName = stream.request.get('x-envoy-upstream-alt-stat-name');
    // Health checks that pass through are no traffic: router.cc, chargeUpstreamCode.
    this.#countsCodes = stream.router.countsCodes && !stream.isHealthCheck;
    this.#suppressesCode = stream.router.suppressesGrpcCodes && isGrpc(stream.request);
    this.#ownZone = ownZone;
    const ofRoute = stream.route?.stats;
    const ofVirtualCluster = stream.virtualHost?.virtualClusterOf(stream.request);
    if (ofVirtualCluster && !ofVirtualCluster.isOther) stream.log['virtual_cluster'] = ofVirtualCluster.name;
    this.#scopes =
      ofRoute || ofVirtualCluster ? [ofVirtualCluster?.stats, ofRoute].filter((one) => one !== undefined) : NO_SCOPES;
    for (const scope of this.#scopes) scope.counters.upstream_rq_total.inc();
  }

  /** A retry goes to another cluster. */
  moveTo(cluster: Cluster): void {
    this.#stats = cluster.stats;
  }

  count(name: ClusterCounter): void {
    this.#stats.traffic[name].inc();
  }

  /** Under the virtual cluster and the route as well. */
  countEverywhere(name: RequestCounter): void {
    this.#stats.traffic[name].inc();
    for (const scope of this.#scopes) scope.counters[name].inc();
  }

  /** An answer that led to another try. */
  retried(status: number): void {
    this.#stats.codes('retry.').charge(status);
  }

  /** The answer that goes downstream, of an upstream where it has headers: router.cc, chargeUpstreamCode. */
  answered(status: number, host: Host | undefined, headers?: HeaderMap): ResponseFacts {
    const facts = this.#factsOf(host, headers);
    if (!this.#countsCodes) return facts;
    if (this.#suppressesCode) this.#stats.chargeWithoutCode(status, facts);
    else this.#stats.charge(status, facts);
    for (const scope of this.#scopes) scope.codes.charge(status);
    return facts;
  }

  /** What an upstream says before its answer: the body may come. */
  continued(stream: Stream, host: Host | undefined): void {
    this.answered(100, host);
    // Where nobody asked, it does not go on to the client.
    if (stream.request.has('expect')) stream.sendContinue();
  }

  /** How long an upstream took to answer in full. */
  took(ms: number, facts: ResponseFacts): void {
    if (!this.#countsCodes) return;
    this.#stats.recordTime(ms, facts);
    for (const scope of this.#scopes) scope.codes.recordTime(ms);
  }

  /** With `request_response_sizes`: of each try, its answer only where there is one. */
  sizes(request: HeaderMap, requestBody: string, response?: HttpResponse): void {
    const { sizes } = this.#stats;
    if (!sizes) return;
    sizes.upstream_rq_headers_size.record(request.byteLength());
    sizes.upstream_rq_headers_count.record(request.size);
    sizes.upstream_rq_body_size.record(requestBody.length);
    if (!response) return;
    sizes.upstream_rs_headers_size.record(response.headers.byteLength() + STATUS_LINE_BYTES);
    sizes.upstream_rs_headers_count.record(response.headers.size + 1);
    sizes.upstream_rs_body_size.record(response.body.length);
  }

  /** With `timeout_budgets`: how much of the time there was has been used, in percent. */
  budgets(tookMs: number, { globalMs, perTryMs }: { globalMs: number; perTryMs: number }): void {
    const { budgets } = this.#stats;
    if (!budgets) return;
    const percent = (limitMs: number): number => (limitMs === 0 ? 0 : Math.floor((tookMs * 100) / limitMs));
    budgets.upstream_rq_timeout_budget_percent_used.record(percent(globalMs));
    budgets.upstream_rq_timeout_budget_per_try_percent_used.record(percent(perTryMs));
  }

  #factsOf(host: Host | undefined, headers: HeaderMap | undefined): ResponseFacts {
    const to = host?.locality.zone ?? '';
    return {
      isInternal: this.#isInternal,
      isCanary: headers?.get('x-envoy-upstream-canary') === 'true' || host?.isCanary === true,
      zone: this.#ownZone === '' || to === '' ? undefined : `${this.#ownZone}.${to}`,
      altName: this.#altName,
    };
  }
}

const NO_SCOPES: readonly RequestStats[] = [];
/** `:status` and its three digits. */
const STATUS_LINE_BYTES = 10;
