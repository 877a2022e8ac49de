import type { Timer } from '#sim';
import type { Stream } from '../http/stream.ts';
import type { EstablishedTls, HttpResponse, UpstreamReply, UpstreamRequest as RequestToSend } from '../seams.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import type { Verdict } from '../upstream/outlier_detection.ts';
import type { ConnPool, PoolCallbacks } from '../upstream/conn_pool.ts';
import { localReplyOf } from './local_replies.ts';
import type { UpstreamCounts } from './upstream_counts.ts';
import type { RouterServices } from './router_services.ts';
import { RouterTrace } from './router_trace.ts';
import { retryNodeOf, retryPolicyOf, type Failure } from './retry_policy.ts';
import { RetryState } from './retry_state.ts';
import { rewriteToHost } from './rewrite.ts';
import { NO_RETRY_HOSTS, RetryHosts } from './retry_hosts.ts';
import { sendShadows } from './shadow_writer.ts';
import { choiceContextOf, clusterOfRetry, noHostReply, requestOf, responseHeaders } from './try_request.ts';
import { ROUTER_HEADERS } from './upstream_headers.ts';
import { hasWholeRequest, isFailedHandshake, isTimed, openTunnel, refuseHandshake } from './upstream_tunnel.ts';
import { headerFault, refuseToSend } from './unsendable_headers.ts';
import { UpstreamRequest, type TryTimeout } from './upstream_request.ts';
import type { UpstreamTimeouts } from './upstream_timeouts.ts';

/** Takes over a redirect of the upstream; false where it is to be passed on. */
export type FollowRedirect = (response: HttpResponse, location: string) => boolean;

/** One request on its way upstream, through as many tries as its retry policy allows. */
export class RouterFilter {
  readonly #stream: Stream;
  #cluster: Cluster;
  readonly #services: RouterServices;
  readonly #retries: RetryState;
  readonly #perTryIdleMs: number;
  readonly #timeouts: UpstreamTimeouts;
  readonly #retryHosts: Pick<RetryHosts, 'choice' | 'attempted'>;
  readonly #followRedirect: FollowRedirect;
  readonly #counts: UpstreamCounts;
  readonly #startMs: number;
  #isHttp2 = false;
  readonly #trace: RouterTrace | undefined;
  #attempts = 0;
  #isDone = false;
  /** Those that may still answer: more than one only where hedging lets them run side by side. */
  #tries: UpstreamRequest[] = [];
  /** Retries that wait for their back-off. */
  #pendingRetries = 0;
  /** What tries that are over have left behind, whatever the answer will be. */
  readonly #flags = new Set<string>();
  #unsent = '';
  #globalTimer: Timer | undefined;

  constructor(
    stream: Stream,
    { cluster, counts, timeouts }: { cluster: Cluster; counts: UpstreamCounts; timeouts: UpstreamTimeouts },
    services: RouterServices,
    followRedirect: FollowRedirect,
  ) {
    this.#followRedirect = followRedirect;
    this.#stream = stream;
    this.#cluster = cluster;
    this.#services = services;
    this.#trace = services.trace && new RouterTrace(services.trace, cluster);
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
    this.#stream.inject?.(this.#stream.request);
    sendShadows(this.#stream, this.#services, this.#timeouts.globalMs);
    this.#try();
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    if (!this.#isDone) this.#settle();
  }

  #try(): void {
    this.#attempts++;
    this.#stream.log['attempts'] = this.#attempts;
    const host = this.#cluster.chooseHost(choiceContextOf(this.#stream, this.#retryHosts.choice));
    const pool = host && this.#poolOf(host);
    if (host === undefined || !pool) {
      if (!host) this.#counts.count('upstream_cx_none_healthy');
      this.#trace?.nowhereToGo(host);
      return this.#end(undefined, noHostReply(this.#stream), ['UH']);
    }
    this.#trace?.hostChosen(this.#attempts, host);
    this.#stream.log['upstream_host'] = host.address;
    rewriteToHost(this.#stream, host.hostname);
    // What an earlier try broke on is forgotten.
    delete this.#stream.log['transport_failure'];
    this.#stream.facts.attempted(host);
    this.#retryHosts.attempted(host);
    const one = new UpstreamRequest(host);
    this.#tries.push(one);
    one.encode = this.#stream.upstreamFilters?.run(this.#stream, this.#cluster);
    if (this.#isDone) return;
    const request = requestOf(this.#stream, this.#cluster, this.#attempts, this.#isHttp2);
    const fault = headerFault(request.headers);
    if (fault !== undefined) return refuseToSend(this, pool, request, { stream: this.#stream, fault });
    if (!this.#isHttp2) this.#stream.facts.noteSent(request);
    if (this.#stream.isTunnel) this.#tunnel(one, pool, request);
    else one.begin(pool.newStream(request, this.#callbacks(one)));
  }

  #moveTo(cluster: Cluster): void {
    if (cluster === this.#cluster) return;
    this.#cluster = cluster;
    this.#stream.cluster = cluster;
    this.#stream.log['cluster'] = cluster.statName;
    this.#counts.moveTo(cluster);
  }

  #poolOf(host: Host): ConnPool | undefined {
    this.#isHttp2 = this.#cluster.speaksHttp2(String(this.#stream.log['protocol']), host);
    const options = this.#cluster.http.transportOptionsOf?.(this.#stream.request);
    const { connection: downstream, route } = this.#stream;
    return this.#cluster.poolOf(host, route!.priority, this.#isHttp2, { options, downstream });
  }

  #callbacks(one: UpstreamRequest): PoolCallbacks {
    return {
      onReady: (tls) => this.#onReady(one, tls),
      onReply: (reply) => this.#onReply(one, reply),
      onOverflow: (where) => {
        if (where === 'waiting') delete this.#stream.log['upstream_host'];
        this.#onFailure(one, 'overflow');
      },
    };
  }

  #tunnel(one: UpstreamRequest, pool: ConnPool, request: RequestToSend): void {
    const tunnel = openTunnel(this.#stream, { cluster: this.#cluster, host: one.host, pool }, request, {
      ...this.#callbacks(one),
      onTunnel: (head) => this.#onTunnel(one, head),
      onBytes: (text) => this.#stream.writeBytes(text),
      onTunnelEnd: (how) => this.#onTunnelEnd(how),
    });
    one.begin(tunnel);
    this.write = (text) => tunnel.write(text);
    if (this.#unsent !== '') tunnel.write(this.#unsent);
  }

  /** Bytes of the client; what comes before a try goes with it. */
  write(text: string): void {
    this.#unsent += text;
  }

  #onTunnel(one: UpstreamRequest, head: HttpResponse): void {
    this.#globalTimer?.cancel();
    one.disarm();
    this.#stream.facts.upstreamResponseMs = this.#stream.facts.nowMs;
    this.#score(one, true, { kind: 'status', status: head.status });
    this.#counts.answered(head.status, one.host, head.headers);
    if (this.#attempts > 1) this.#counts.countEverywhere('upstream_rq_retry_success');
    this.#trace?.tunnelOpened(head.status);
    this.#stream.openTunnel(head);
  }

  #onTunnelEnd(how: 'fin' | 'reset'): void {
    if (this.#isDone) return;
    this.#settle();
    if (how === 'fin') this.#stream.endTunnel('-', 'via_upstream', false);
    else this.#stream.endTunnel('UC', 'upstream_reset_after_response_started{connection_termination}', true);
  }

  #onReady(one: UpstreamRequest, tls: EstablishedTls | undefined): void {
    const { facts } = this.#stream;
    facts.upstreamTls = tls;
    facts.upstreamRequestMs ??= facts.nowMs;
    facts.upstreamProtocol = this.#isHttp2 ? 'HTTP/2' : 'HTTP/1.1';
    this.#stream.logTry(0, '-', undefined, 'UpstreamPoolReady');
    one.limit(this.#services.dispatcher, this.#cluster.http.maxStreamMs, () => this.#onMaxDuration(one));
    const { perTryMs } = this.#timeouts;
    const limit =
      perTryMs > 0
        ? { name: 'per_try_timeout' as const, ms: perTryMs }
        : { name: 'per_try_idle_timeout' as const, ms: this.#perTryIdleMs };
    if (limit.ms > 0 && isTimed(this.#stream))
      one.arm(this.#services.dispatcher, limit, () => this.#onTryTimeout(one, limit.name));
  }

  /** The cluster lets no request last longer: router.cc, onStreamMaxDurationReached. */
  #onMaxDuration(one: UpstreamRequest): void {
    this.#counts.count('upstream_rq_max_duration_reached');
    one.reset();
    if (this.#isDone) return;
    this.#tries = this.#tries.filter((other) => other !== one);
    if (!one.isRetried && this.#retries.wantsFailure('reset')) {
      const refusal = this.#retry(undefined);
      if (refusal === undefined) return;
    }
    if (this.#mayAnswer) return;
    this.#settle();
    const flags = [...this.#flags, 'UMSDR'].join(',');
    const body = 'upstream max stream duration reached';
    this.#stream.sendLocalReply(504, body, flags, 'upstream_max_stream_duration_reached');
  }

  #onTryTimeout(one: UpstreamRequest, kind: TryTimeout): void {
    if (kind === 'per_try_timeout' && this.#timeouts.hedges) return this.#hedge(one);
    if (kind === 'per_try_timeout') this.#counts.count('upstream_rq_per_try_timeout');
    one.reset();
    one.host.stats.rq_timeout++;
    this.#trace?.failed(kind, `Try ${this.#attempts} had no answer in its time.`);
    this.#onFailure(one, 'per_try_timeout', {
      details: kind === 'per_try_timeout' ? 'upstream_per_try_timeout' : 'upstream_per_try_idle_timeout',
    });
  }

  /** Another try goes out, and this one may still answer: router.cc, onSoftPerTryTimeout. */
  #hedge(one: UpstreamRequest): void {
    this.#score(one, false, { kind: 'local_failure', mappedStatus: this.#timeouts.status });
    one.isTimeoutScored = true;
    this.#trace?.failed(
      'hedged',
      `A try had no answer in its time: another goes out beside it, and the first answer counts.`,
    );
    if (this.#retries.isOff) return;
    const refusal = this.#retry(undefined, true);
    if (refusal === undefined) one.isRetried = true;
  }

  /** Whether an answer may still come from elsewhere. */
  get #mayAnswer(): boolean {
    return this.#tries.length > 0 || this.#pendingRetries > 0;
  }

  #onGlobalTimeout(): void {
    if (this.#isDone) return;
    for (const one of this.#tries) this.#onTryAbandoned(one);
    this.#trace?.outOfTime(this.#stream.route!.action!, this.#timeouts.globalMs);
    this.#settle();
    const body = this.#timeouts.status === 204 ? '' : 'upstream request timeout';
    this.#stream.sendLocalReply(this.#timeouts.status, body, [...this.#flags, 'UT'].join(','), 'response_timeout');
  }

  /** The try that was under way when the time ran out: router.cc, onResponseTimeout. */
  #onTryAbandoned(one: UpstreamRequest): void {
    this.#counts.countEverywhere('upstream_rq_timeout');
    this.#stream.logTry(0, '-');
    one.host.stats.rq_timeout++;
    if (!one.isTimeoutScored) this.#score(one, false, { kind: 'local_failure', mappedStatus: this.#timeouts.status });
    one.reset();
    this.#counts.answered(this.#timeouts.status, one.host);
  }

  #onReply(one: UpstreamRequest, reply: UpstreamReply): void {
    one.disarm();
    if (this.#isDone) return;
    if (this.#stream.isTunnelOpen) return this.#onTunnelEnd('reset');
    if ('failure' in reply) return this.#onBroken(one, reply);
    this.#tries = this.#tries.filter((other) => other !== one);
    if (reply.continues === true) this.#counts.continued(this.#stream, one.host);
    const received = this.#cluster.readable(reply.response, String(this.#stream.log['protocol']));
    const response = one.encode?.(received) ?? received;
    if (isFailedHandshake(this.#stream, response)) {
      this.#settle();
      return refuseHandshake(this.#stream, response);
    }
    this.#stream.facts.upstreamResponseMs = this.#stream.facts.nowMs;
    if (!this.#isHttp2) this.#stream.facts.noteReply(reply);
    this.#stream.logTry(response.status, '-', response);
    this.#counts.sizes(this.#stream.request, this.#stream.requestBody, response);
    this.#cluster.hear(one.host, response);
    this.#score(one, response.status < 500, { kind: 'status', status: this.#cluster.statusForOutliers(response) });
    this.#trace?.answered(response.status);
    if (this.#redirects(response)) return;
    if (this.#retries.wantsResponse(response, this.#stream.request)) {
      if (this.#waitsForBetter(one, response)) return one.discard(response, this.#isHttp2);
    } else if (this.#attempts > 1 && !one.isRetried) this.#counts.countEverywhere('upstream_rq_retry_success');
    this.#pass(one, response, reply.cut);
  }

  /** A bad answer: another try follows, or one is under way that may bring a better one. */
  #waitsForBetter(one: UpstreamRequest, response: HttpResponse): boolean {
    if (!one.isRetried) {
      const refusal = this.#retry(response);
      if (refusal === undefined) return true;
    }
    return this.#mayAnswer;
  }

  /** The try ended without an answer. */
  #onBroken(one: UpstreamRequest, { failure, transportFailure }: Extract<UpstreamReply, { failure: string }>): void {
    if (failure === 'remote_reset') this.#counts.count('upstream_rq_rx_reset');
    if (failure === 'protocol_error' && this.#isHttp2) this.#counts.count('upstream_rq_tx_reset');
    this.#trace?.failed(
      'upstream_failed',
      failure === 'refused' || failure === 'unbound'
        ? `There is no connection: ${transportFailure ?? 'it was refused'}.`
        : 'The upstream closed the connection before an answer.',
    );
    this.#onFailure(one, failure, transportFailure === undefined ? {} : { transportFailure });
  }

  /** Whether the connection manager goes where the answer points, in place of passing it on. */
  #redirects(response: HttpResponse): boolean {
    const { status, headers } = response;
    const location = status >= 300 && status < 400 ? headers.get('location') : undefined;
    if (location === undefined || !this.#stream.route!.action!.has('internal_redirect_policy')) return false;
    this.#settle();
    return this.#followRedirect(response, location);
  }

  #pass(one: UpstreamRequest, response: HttpResponse, cut: string | undefined): void {
    const facts = this.#counts.answered(response.status, one.host, response.headers);
    this.#stream.log['upstream_host'] = one.host.address;
    const tookMs = this.#services.dispatcher.nowMs - this.#startMs;
    if (cut === undefined && hasWholeRequest(this.#stream)) this.#counts.took(tookMs, facts);
    this.#counts.budgets(tookMs, this.#timeouts);
    const headers = responseHeaders(this.#stream, response, this.#attempts);
    this.#settle();
    if (cut !== undefined)
      for (const name of ['rx_reset', 'tx_reset'] as const) this.#stream.managerStats[`downstream_rq_${name}`].inc();
    if (cut === undefined)
      return this.#stream.finish({ ...response, headers }, [...this.#flags].join(',') || '-', 'via_upstream');
    const isKnownLength = headers.has('content-length');
    this.#stream.finish(
      { ...response, headers, reset: true },
      isKnownLength ? 'UPE' : 'UC',
      `upstream_reset_after_response_started{${isKnownLength ? 'protocol_error' : 'connection_termination'}}`,
    );
  }

  #onFailure(
    one: UpstreamRequest,
    failure: Failure,
    { details, transportFailure }: { details?: string; transportFailure?: string } = {},
  ): void {
    one.disarm();
    if (this.#isDone) return;
    this.#tries = this.#tries.filter((other) => other !== one);
    const reply = localReplyOf(failure, this.#attempts > 1, details, transportFailure);
    if (reply.transportFailure !== undefined) this.#stream.log['transport_failure'] = reply.transportFailure;
    this.#stream.logTry(0, reply.flag);
    if (failure !== 'overflow' && !one.isTimeoutScored)
      this.#score(one, false, { kind: 'local_failure', mappedStatus: reply.status });
    if (!one.isRetried && this.#retries.wantsFailure(failure)) {
      const refusal = this.#retry(undefined, failure === 'per_try_timeout');
      if (refusal === undefined) return;
    }
    if (this.#mayAnswer) return void this.#counts.answered(reply.status, one.host);
    if (failure === 'overflow' && !this.#stream.router.suppressEnvoyHeaders)
      this.#stream.localHeaders.push(['x-envoy-overloaded', 'true']);
    this.#end(one, reply, [...this.#flags, reply.flag]);
  }

  #score({ host }: UpstreamRequest, isSuccess: boolean, verdict: Verdict): void {
    host.stats[isSuccess ? 'rq_success' : 'rq_error']++;
    this.#cluster.outlier?.put(host, verdict);
  }

  /** Schedules another try, or says by which flag there is none. */
  #retry(response: HttpResponse | undefined, isTimeout = false): string | undefined {
    const refresh = (): void => this.#moveTo(clusterOfRetry(this.#stream, this.#cluster, this.#services));
    const refusal = this.#retries.schedule(this.#attempts, response, refresh, () => {
      this.#pendingRetries--;
      if (this.#isDone) return;
      if (this.#stream.virtualHost?.tellsTimeoutRetry === true)
        this.#stream.request.set('x-envoy-is-timeout-retry', String(isTimeout));
      this.#try();
    });
    if (refusal === undefined) this.#pendingRetries++;
    else if (refusal !== 'off') this.#flags.add(refusal);
    return refusal;
  }

  #end(
    one: UpstreamRequest | undefined,
    { status, body, details }: Pick<ReturnType<typeof localReplyOf>, 'status' | 'body' | 'details'>,
    flags: readonly string[],
  ): void {
    this.#counts.answered(status, one?.host);
    this.#settle();
    this.#stream.sendLocalReply(status, body, flags.join(','), details);
  }

  /** What may still be under way is taken back. */
  #settle(): void {
    this.#isDone = true;
    this.#globalTimer?.cancel();
    for (const one of this.#tries) one.reset();
    this.#retries.release();
  }
}
