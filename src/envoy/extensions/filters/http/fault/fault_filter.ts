import type { Timer } from '#sim';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HttpResponse } from '../../../../seams.ts';
import type { Fault, FaultConfig } from './config.ts';
import { slowedMs } from './response_rate_limit.ts';

const NAMESPACE = 'envoy.filters.http.fault';
const CALLER = 'x-envoy-downstream-service-cluster';

/** Delays, aborts and slows down a share of the requests: extensions/filters/http/fault/fault_filter.cc. */
export class FaultFilter implements HttpFilter {
  readonly #config: FaultConfig;
  readonly #callbacks: FilterCallbacks;
  #timer: Timer | undefined;
  /** Counts as one of the active faults, however many are done to the request. */
  #isActive = false;
  #limitKbps: number | undefined;
  #caller: string | undefined;

  constructor(config: FaultConfig, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    if (!this.#isMeant()) return 'continue';
    this.#caller = this.#callbacks.request.get(CALLER);
    this.#setUpRateLimit();
    const delayMs = this.#delayMs();
    if (delayMs === undefined || !this.#enter()) return this.#abort() ? 'stop_iteration' : 'continue';
    this.#count('delays_injected');
    this.#callbacks.addFlag('DI');
    this.#tell('fault_delay_injected', 'matched', this.#config.delay!, `a delay of ${delayMs} ms`);
    this.#timer = this.#callbacks.dispatcher.createTimer('fault_delay', delayMs, () => {
      if (!this.#abort()) this.#callbacks.continueDecoding();
    });
    return 'stop_iteration';
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    const ms = this.#limitKbps === undefined ? 0 : slowedMs(response.body.length, this.#limitKbps);
    if (ms === 0) return response;
    this.#timer = this.#callbacks.dispatcher.createTimer('fault_rate_limit', ms, () =>
      this.#callbacks.continueEncoding(response),
    );
    return 'stop_iteration';
  }

  onDestroy(): void {
    this.#timer?.cancel();
    if (this.#isActive) this.#config.stats.active_faults.add(-1);
    this.#isActive = false;
  }

  #isMeant(): boolean {
    const { request, cluster } = this.#callbacks;
    const { upstreamCluster, nodes, applies } = this.#config;
    if (upstreamCluster !== undefined && cluster?.name !== upstreamCluster) return false;
    if (nodes.length > 0 && !nodes.includes(request.get('x-envoy-downstream-service-node') ?? '')) return false;
    return applies(request);
  }

  /** Whether one more fault may be active. */
  #enter(): boolean {
    if (this.#isActive) return true;
    const { stats, keys, maxActive } = this.#config;
    if (stats.active_faults.value >= this.#callbacks.runtime.integer(keys.maxActive, maxActive)) {
      stats.faults_overflow.inc();
      this.#callbacks.trace?.record({
        kind: 'fault_overflow',
        state: 'failed',
        because: this.#config.node.ref,
        sentence: `No fault is done: ${stats.active_faults.value} are active already, which is \`max_active_faults\`.`,
      });
      return false;
    }
    stats.active_faults.add(1);
    this.#isActive = true;
    return true;
  }

  #setUpRateLimit(): void {
    const { rateLimit, limitKbps, stats } = this.#config;
    if (!rateLimit || !this.#isPicked(rateLimit, 'x-envoy-fault-throughput-response-percentage')) return;
    const kbps = rateLimit.isByHeader ? this.#numberIn('x-envoy-fault-throughput-response') : limitKbps;
    if (kbps === undefined || kbps === 0 || !this.#enter()) return;
    stats.response_rl_injected.inc();
    this.#tell('fault_response_rate_limited', 'matched', rateLimit, `a response of ${kbps} KiB a second`);
    this.#limitKbps = kbps;
  }

  #delayMs(): number | undefined {
    const { delay, delayMs, keys } = this.#config;
    if (!delay || !this.#isPicked(delay, 'x-envoy-fault-delay-request-percentage', 'delay.fixed_delay_percent'))
      return undefined;
    const own = delay.isByHeader ? this.#numberIn('x-envoy-fault-delay-request') : delayMs;
    if (own === undefined) return undefined;
    const ms = this.#integer(keys.delayMs, 'delay.fixed_duration_ms', own);
    return ms > 0 ? ms : undefined;
  }

  #abort(): boolean {
    const { abort } = this.#config;
    if (!abort || !this.#isPicked(abort, 'x-envoy-fault-abort-request-percentage', 'abort.abort_percent')) return false;
    const status = this.#httpStatus(abort);
    const grpcStatus = status === undefined ? this.#grpcStatus(abort) : undefined;
    if ((status === undefined && grpcStatus === undefined) || !this.#enter()) return false;
    this.#count('aborts_injected');
    this.#tell('fault_abort_injected', 'failed', abort, `an abort with ${status ?? `the gRPC status ${grpcStatus}`}`);
    this.#callbacks.sendLocalReply({
      status: status ?? 200,
      body: this.#config.abortBody,
      details: 'fault_filter_abort',
      flag: 'FI',
      ...(grpcStatus === undefined ? {} : { grpcStatus }),
    });
    return true;
  }

  #httpStatus(abort: Fault): number | undefined {
    const status = abort.isByHeader ? this.#numberIn('x-envoy-fault-abort-request') : this.#config.httpStatus;
    if (status === undefined || (abort.isByHeader && (status < 200 || status >= 600))) return undefined;
    return this.#integer(this.#config.keys.httpStatus, 'abort.http_status', status);
  }

  #grpcStatus(abort: Fault): number | undefined {
    const status = abort.isByHeader ? this.#numberIn('x-envoy-fault-abort-grpc-request') : this.#config.grpcStatus;
    return status === undefined ? undefined : this.#integer(this.#config.keys.grpcStatus, 'abort.grpc_status', status);
  }

  /** A key may be there for requests of one caller alone. */
  #integer(key: string, ofCaller: string, otherwise: number): number {
    const { runtime } = this.#callbacks;
    const common = runtime.integer(key, otherwise);
    return this.#caller === undefined ? common : runtime.integer(`fault.http.${this.#caller}.${ofCaller}`, common);
  }

  /** The header may lower the configured share, never raise it. */
  #isPicked({ share, shareKey, isByHeader }: Fault, header: string, ofCaller?: string): boolean {
    const { runtime, random } = this.#callbacks;
    const lower = isByHeader ? this.#numberIn(header) : undefined;
    const own = lower === undefined ? share : { ...share, numerator: Math.min(lower, share.numerator) };
    const common = runtime.fraction(shareKey, own);
    const { numerator, denominator } =
      this.#caller === undefined || ofCaller === undefined
        ? common
        : runtime.fraction(`fault.http.${this.#caller}.${ofCaller}`, common);
    return random.below(denominator) < numerator;
  }

  #numberIn(header: string): number | undefined {
    const value = this.#callbacks.request.get(header);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  }

  #count(name: 'delays_injected' | 'aborts_injected'): void {
    const { stats, statPrefix, countsByCaller, node } = this.#config;
    stats[name].inc();
    if (countsByCaller && this.#caller !== undefined) this.#callbacks.stats.add(`${statPrefix}${this.#caller}.${name}`);
    for (const [key, value] of Object.entries(node.child('filter_metadata')?.value ?? {}))
      this.#callbacks.setMetadata(NAMESPACE, key, value);
  }

  #tell(kind: string, state: 'matched' | 'failed', fault: Fault, what: string): void {
    this.#callbacks.trace?.record({
      kind,
      state,
      because: fault.node.ref,
      sentence: `The request is picked for ${what}.`,
    });
  }
}
