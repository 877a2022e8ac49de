import { at } from '#source';
import type { Timer } from '#sim';
import type { Stream } from '../http/stream.ts';
import type { EstablishedTls, HttpResponse, UpstreamReply, UpstreamRequest } from '../seams.ts';
import type { Host } from '../upstream/host.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Verdict } from '../upstream/outlier_detection.ts';
import type { ConnPool, PoolCallbacks, PoolStream } from '../upstream/conn_pool.ts';
import { isDropped } from './drop_overload.ts';
import { localReplyOf, statusWithoutCluster } from './local_replies.ts';
import { UpstreamCounts } from './upstream_counts.ts';
import type { RouterServices } from './router_services.ts';
import { retryNodeOf, retryPolicyOf, type Failure } from './retry_policy.ts';
import { RetryState } from './retry_state.ts';
import { NO_RETRY_HOSTS, RetryHosts } from './retry_hosts.ts';
import { rewriteRequest } from './rewrite.ts';
import { sendShadows } from './shadow_writer.ts';
import { choiceContextOf, responseHeaders, setExpectedTimeout, tryHeaders } from './try_request.ts';
import { ROUTER_HEADERS } from './upstream_headers.ts';
import { hasWholeRequest, isFailedHandshake, isTimed, openTunnel, refuseHandshake } from './upstream_tunnel.ts';
import { timeoutsOf, type UpstreamTimeouts } from './upstream_timeouts.ts';

/** Takes over a redirect of the upstream; false where it is to be passed on. */
export type FollowRedirect = (location: string, status: number) => boolean;

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
  // By the path as it came: a virtual cluster looks before the route rewrites.
  const counts = new UpstreamCounts(stream, cluster, services.zone);
  stream.weighted = weighted;
  trace?.record({
    kind: 'cluster_selected',
    state: 'matched',
    because: cluster.node.ref,
    sentence: `The request goes to the cluster \`${cluster.name}\`.`,
  });
  if (isDropped(stream, cluster, services, (status) => void counts.answered(status, undefined))) return;
  // Before the route has its say: router.cc, decodeHeaders.
  const timeouts = timeoutsOf(stream.route!, retryNodeOf(stream), stream.request);
  setExpectedTimeout(stream, timeouts);
  stream.mutateRequest();
  rewriteRequest(
    stream.route!,
    stream.request,
    stream.suppressEnvoyHeaders,
    weighted?.node.text('host_rewrite_literal'),
  );
  const filter = new RouterFilter(stream, { cluster, counts, timeouts }, services, followRedirect);
  stream.upstream = filter;
  filter.start();
  // Whoever has answered by now did so on the headers alone.
  stream.readBody();
}

/** One request on its way upstream, through as many tries as its retry policy allows. */
class RouterFilter {
  readonly #stream: Stream;
  readonly #cluster: Cluster;
  readonly #services: RouterServices;
  readonly #retries: RetryState;
  readonly #perTryIdleMs: number;
  readonly #timeouts: UpstreamTimeouts;
  readonly #retryHosts: Pick<RetryHosts, 'choice' | 'attempted'>;
  readonly #followRedirect: FollowRedirect;
  readonly #counts: UpstreamCounts;
  readonly #startMs: number;
  readonly #isHttp2: boolean;
  #attempts = 0;
  #isDone = false;
  #upstream: PoolStream | undefined;
  #unsent = '';
  #host: Host | undefined;
  #globalTimer: Timer | undefined;
  #tryTimer: Timer | undefined;

  constructor(
    stream: Stream,
    { cluster, counts, timeouts }: { cluster: Cluster; counts: UpstreamCounts; timeouts: UpstreamTimeouts },
    services: RouterServices,
    followRedirect: FollowRedirect,
  ) {
    this.#followRedirect = followRedirect;
    this.#stream = stream;
    this.#cluster = cluster;
    this.#isHttp2 = cluster.speaksHttp2(String(stream.log['protocol']));
    this.#services = services;
    this.#counts = counts;
    this.#startMs = services.dispatcher.nowMs;
    const node = retryNodeOf(stream);
    const policy = retryPolicyOf(stream, node);
    this.#perTryIdleMs = policy.perTryIdleTimeoutMs;
    this.#retries = new RetryState(policy, services, cluster.breaker(stream.route!.priority), counts);
    this.#retryHosts = node ? new RetryHosts(node) : NO_RETRY_HOSTS;
    this.#timeouts = timeouts;
  }

  start(): void {
    this.#stream.request.removeAll(ROUTER_HEADERS);
    if (this.#timeouts.globalMs > 0 && isTimed(this.#stream))
      this.#globalTimer = this.#services.dispatcher.createTimer('response_timeout', this.#timeouts.globalMs, () =>
        this.#onGlobalTimeout(),
      );
    this.#stream.span?.inject(this.#stream.request);
    sendShadows(this.#stream, this.#services, this.#timeouts.globalMs);
    this.#try();
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    if (this.#isDone) return;
    this.#upstream?.cancel();
    this.#settle();
  }

  #try(): void {
    this.#attempts++;
    this.#stream.log['attempts'] = this.#attempts;
    const host = this.#cluster.chooseHost(choiceContextOf(this.#stream, this.#retryHosts.choice));
    if (host === undefined) {
      this.#counts.count('upstream_cx_none_healthy');
      this.#tell('no_healthy_upstream', `The cluster \`${this.#cluster.name}\` has no endpoint to send to.`);
      return this.#end(503, 'no healthy upstream', 'UH', 'no_healthy_upstream');
    }
    this.#services.trace?.record({
      kind: 'host_chosen',
      state: 'matched',
      because: this.#cluster.node.ref,
      sentence: `Try ${this.#attempts}: ${this.#cluster.node.text('lb_policy') ?? 'ROUND_ROBIN'} picks ${host.address}, one of ${this.#cluster.hosts.length} endpoints.`,
      moment: this.#cluster.moment(),
    });
    this.#stream.log['upstream_host'] = host.address;
    // What an earlier try broke on is forgotten.
    delete this.#stream.log['transport_failure'];
    this.#stream.facts.hostsAttempted.push(host);
    this.#retryHosts.attempted(host);
    this.#host = host;
    const options = this.#cluster.transportOptionsOf?.(this.#stream.request.get(':authority') ?? '');
    const pool = this.#cluster.poolOf(host, this.#stream.route!.priority, this.#isHttp2, options);
    const request: UpstreamRequest = {
      protocol: this.#isHttp2 ? 'HTTP/2' : 'HTTP/1.1',
      headers: tryHeaders(this.#stream, this.#cluster, this.#attempts),
      body: this.#stream.requestBody,
      ...(!this.#stream.isComplete && { isIncomplete: true }),
    };
    if (this.#stream.isTunnel) this.#tunnel(host, pool, request);
    else this.#upstream = pool.newStream(request, this.#callbacks());
  }

  #callbacks(): PoolCallbacks {
    return {
      onReady: (tls) => this.#onReady(tls),
      onReply: (reply) => this.#onReply(reply),
      onOverflow: (where) => {
        if (where === 'waiting') delete this.#stream.log['upstream_host'];
        this.#onFailure('overflow');
      },
    };
  }

  #tunnel(host: Host, pool: ConnPool, request: UpstreamRequest): void {
    const tunnel = openTunnel(this.#stream, { cluster: this.#cluster, host, pool }, request, {
      ...this.#callbacks(),
      onTunnel: (head) => this.#onTunnel(head),
      onBytes: (text) => this.#stream.writeBytes(text),
      onTunnelEnd: (how) => this.#onTunnelEnd(how),
    });
    this.#upstream = tunnel;
    this.write = (text) => tunnel.write(text);
    if (this.#unsent !== '') tunnel.write(this.#unsent);
  }

  /** Bytes of the client; what comes before a try goes with it. */
  write(text: string): void {
    this.#unsent += text;
  }

  #onTunnel(head: HttpResponse): void {
    for (const timer of [this.#globalTimer, this.#tryTimer]) timer?.cancel();
    this.#stream.facts.upstreamResponseMs = this.#stream.facts.nowMs;
    this.#score(true, { kind: 'status', status: head.status });
    this.#counts.answered(head.status, this.#host, head.headers);
    this.#services.trace?.record({
      kind: 'tunnel_opened',
      state: 'matched',
      because: this.#cluster.node.ref,
      sentence: `The tunnel stands (${head.status}): bytes pass both ways from here on.`,
    });
    this.#stream.openTunnel(head);
  }

  #onTunnelEnd(how: 'fin' | 'reset'): void {
    if (this.#isDone) return;
    this.#upstream?.cancel();
    this.#settle();
    if (how === 'fin') this.#stream.endTunnel('-', 'via_upstream', false);
    else this.#stream.endTunnel('UC', 'upstream_reset_after_response_started{connection_termination}', true);
  }

  #onReady(tls: EstablishedTls | undefined): void {
    const { facts } = this.#stream;
    facts.upstreamTls = tls;
    facts.upstreamRequestMs ??= facts.nowMs;
    facts.upstreamProtocol = this.#isHttp2 ? 'HTTP/2' : 'HTTP/1.1';
    this.#armTryTimer();
  }

  #armTryTimer(): void {
    const { dispatcher } = this.#services;
    const [ms, flag] =
      this.#timeouts.perTryMs > 0
        ? [this.#timeouts.perTryMs, 'per_try_timeout' as const]
        : [this.#perTryIdleMs, 'per_try_idle_timeout' as const];
    if (ms > 0 && isTimed(this.#stream))
      this.#tryTimer = dispatcher.createTimer(flag, ms, () => this.#onTryTimeout(flag));
  }

  #onTryTimeout(kind: 'per_try_timeout' | 'per_try_idle_timeout'): void {
    if (kind === 'per_try_timeout') this.#counts.count('upstream_rq_per_try_timeout');
    this.#upstream?.cancel();
    this.#upstream = undefined;
    if (this.#host) this.#host.stats.rq_timeout++;
    this.#tell(kind, `Try ${this.#attempts} had no answer in its time.`);
    this.#onFailure(
      'per_try_timeout',
      kind === 'per_try_timeout' ? 'upstream_per_try_timeout' : 'upstream_per_try_idle_timeout',
    );
  }

  #onGlobalTimeout(): void {
    if (this.#isDone) return;
    if (this.#upstream) this.#onTryAbandoned(this.#upstream);
    const action = this.#stream.route!.action!;
    const because = action.has('timeout') ? at(action.ref, 'timeout') : action.ref;
    this.#tell('response_timeout', `No answer within ${this.#timeouts.globalMs} ms, all tries together.`, because);
    this.#settle();
    const body = this.#timeouts.status === 204 ? '' : 'upstream request timeout';
    this.#stream.sendLocalReply(this.#timeouts.status, body, 'UT', 'response_timeout');
  }

  /** The try that was under way when the time ran out: router.cc, onResponseTimeout. */
  #onTryAbandoned(upstream: PoolStream): void {
    this.#counts.countEverywhere('upstream_rq_timeout');
    this.#stream.logTry(0, '-');
    if (this.#host) this.#host.stats.rq_timeout++;
    this.#score(false, { kind: 'local_failure', mappedStatus: this.#timeouts.status });
    upstream.cancel();
    this.#counts.answered(this.#timeouts.status, this.#host);
  }

  #onReply(reply: UpstreamReply): void {
    this.#tryTimer?.cancel();
    if (this.#isDone) return;
    if (this.#stream.isTunnelOpen) return this.#onTunnelEnd('reset');
    this.#upstream = undefined;
    if ('failure' in reply) return this.#onBroken(reply);
    if (reply.continues === true) this.#counts.continued(this.#stream, this.#host);
    const response = this.#cluster.readable(reply.response, String(this.#stream.log['protocol']));
    if (isFailedHandshake(this.#stream, response)) {
      this.#settle();
      return refuseHandshake(this.#stream, response);
    }
    this.#stream.facts.upstreamResponseMs = this.#stream.facts.nowMs;
    this.#stream.logTry(response.status, '-', response);
    this.#counts.sizes(this.#stream.request, this.#stream.requestBody, response);
    if (this.#host && response.headers.has('x-envoy-immediate-health-check-fail'))
      this.#cluster.failPassively(this.#host);
    this.#score(response.status < 500, { kind: 'status', status: response.status });
    this.#tellAnswer(response);
    if (this.#redirects(response)) return;
    let flags: string[] = [];
    if (this.#retries.wantsResponse(response, this.#stream.request)) {
      const refusal = this.#retry(response);
      if (refusal === undefined) return;
      flags = [refusal];
    } else if (this.#attempts > 1) this.#counts.countEverywhere('upstream_rq_retry_success');
    this.#pass(response, flags, reply.cut);
  }

  #tellAnswer({ status }: HttpResponse): void {
    this.#services.trace?.record({
      kind: 'upstream_answered',
      state: 'info',
      because: this.#cluster.node.ref,
      sentence: `The upstream answers ${status}.`,
      moment: this.#cluster.moment(),
    });
  }

  /** The try ended without an answer. */
  #onBroken({ failure, transportFailure }: Extract<UpstreamReply, { failure: string }>): void {
    if (failure === 'remote_reset') this.#counts.count('upstream_rq_rx_reset');
    if (failure === 'protocol_error' && this.#isHttp2) this.#counts.count('upstream_rq_tx_reset');
    this.#tell(
      'upstream_failed',
      failure === 'refused'
        ? `There is no connection: ${transportFailure ?? 'it was refused'}.`
        : 'The upstream closed the connection before an answer.',
    );
    this.#onFailure(failure, undefined, transportFailure);
  }

  /** Whether the connection manager goes where the answer points, in place of passing it on. */
  #redirects({ status, headers }: HttpResponse): boolean {
    const location = status >= 300 && status < 400 ? headers.get('location') : undefined;
    if (location === undefined || !this.#stream.route!.action!.has('internal_redirect_policy')) return false;
    this.#settle();
    return this.#followRedirect(location, status);
  }

  #pass(response: HttpResponse, flags: readonly string[], cut: string | undefined): void {
    const facts = this.#counts.answered(response.status, this.#host, response.headers);
    const tookMs = this.#services.dispatcher.nowMs - this.#startMs;
    if (cut === undefined && hasWholeRequest(this.#stream)) this.#counts.took(tookMs, facts);
    this.#counts.budgets(tookMs, this.#timeouts);
    const headers = responseHeaders(this.#stream, response, this.#attempts);
    this.#settle();
    if (cut !== undefined)
      for (const name of ['rx_reset', 'tx_reset'] as const) this.#stream.managerStats[`downstream_rq_${name}`].inc();
    if (cut === undefined) return this.#stream.finish({ ...response, headers }, flags.join(',') || '-', 'via_upstream');
    const isKnownLength = headers.has('content-length');
    this.#stream.finish(
      { ...response, headers, reset: true },
      isKnownLength ? 'UPE' : 'UC',
      `upstream_reset_after_response_started{${isKnownLength ? 'protocol_error' : 'connection_termination'}}`,
    );
  }

  #onFailure(failure: Failure, details?: string, transportFailure?: string): void {
    this.#tryTimer?.cancel();
    if (this.#isDone) return;
    const reply = localReplyOf(failure, this.#attempts > 1, details, transportFailure);
    if (reply.transportFailure !== undefined) this.#stream.log['transport_failure'] = reply.transportFailure;
    this.#stream.logTry(0, reply.flag);
    if (failure !== 'overflow') this.#score(false, { kind: 'local_failure', mappedStatus: reply.status });
    const flags = [reply.flag];
    if (this.#retries.wantsFailure(failure)) {
      const refusal = this.#retry(undefined);
      if (refusal === undefined) return;
      flags.unshift(refusal);
    }
    if (failure === 'overflow' && !this.#stream.suppressEnvoyHeaders)
      this.#stream.localHeaders.push(['x-envoy-overloaded', 'true']);
    this.#end(reply.status, reply.body, flags.join(','), reply.details);
  }

  #score(isSuccess: boolean, verdict: Verdict): void {
    if (!this.#host) return;
    this.#host.stats[isSuccess ? 'rq_success' : 'rq_error']++;
    this.#cluster.outlier?.put(this.#host, verdict);
  }

  /** Schedules another try, or says by which flag there is none. */
  #retry(response: HttpResponse | undefined): string | undefined {
    return this.#retries.schedule(this.#attempts, response, () => {
      if (!this.#isDone) this.#try();
    });
  }

  #end(status: number, body: string, flags: string, details: string): void {
    this.#counts.answered(status, this.#host);
    this.#settle();
    this.#stream.sendLocalReply(status, body, flags, details);
  }

  #settle(): void {
    this.#isDone = true;
    this.#globalTimer?.cancel();
    this.#tryTimer?.cancel();
    this.#retries.release();
  }

  #tell(kind: string, sentence: string, because = this.#cluster.node.ref): void {
    this.#services.trace?.record({
      kind,
      state: 'failed',
      because,
      sentence,
      moment: this.#cluster.moment(),
    });
  }
}
