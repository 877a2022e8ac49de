import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { Timer } from '#sim';
import { isDrawn } from '../../../../matching/fractional_percent.ts';
import type { FaultConfig } from './config.ts';

/** Delays and aborts a share of the requests: extensions/filters/http/fault/fault_filter.cc. */
export class FaultFilter implements HttpFilter {
  readonly #config: FaultConfig;
  readonly #callbacks: FilterCallbacks;
  #timer: Timer | undefined;

  constructor(config: FaultConfig, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, route } = this.#callbacks;
    const { upstreamCluster } = this.#config;
    if (upstreamCluster !== undefined && route?.action?.text('cluster') !== upstreamCluster) return 'continue';
    if (!this.#config.applies(request)) return 'continue';
    const delayMs = this.#delayMs();
    if (delayMs === undefined) return this.#abort() ? 'stop_iteration' : 'continue';
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}fault.delays_injected`);
    this.#callbacks.addFlag('DI');
    this.#callbacks.trace?.record({
      kind: 'fault_delay_injected',
      state: 'matched',
      because: this.#config.delay!.ref,
      sentence: `The request is picked for a delay of ${delayMs} ms.`,
    });
    this.#timer = this.#callbacks.dispatcher.createTimer('fault_delay', delayMs, () => {
      if (!this.#abort()) this.#callbacks.continueDecoding();
    });
    return 'stop_iteration';
  }

  onDestroy(): void {
    this.#timer?.cancel();
  }

  #delayMs(): number | undefined {
    const { delay, delayMs } = this.#config;
    const ms = delay?.has('header_delay') ? this.#numberIn('x-envoy-fault-delay-request') : delayMs;
    return ms !== undefined && this.#isPicked(delay, 'x-envoy-fault-delay-request-percentage') ? ms : undefined;
  }

  #abort(): boolean {
    const { abort } = this.#config;
    const status = abort?.has('header_abort')
      ? this.#numberIn('x-envoy-fault-abort-request')
      : abort?.number('http_status');
    const grpc = abort?.number('grpc_status');
    if (
      !abort ||
      (status === undefined && grpc === undefined) ||
      !this.#isPicked(abort, 'x-envoy-fault-abort-request-percentage')
    )
      return false;
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}fault.aborts_injected`);
    this.#callbacks.trace?.record({
      kind: 'fault_abort_injected',
      state: 'failed',
      because: abort.ref,
      sentence: `The request is picked for an abort with ${status ?? 200}.`,
    });
    this.#callbacks.sendLocalReply({
      status: status ?? 200,
      body: 'fault filter abort',
      details: 'fault_filter_abort',
      flag: 'FI',
    });
    return true;
  }

  /** The header may lower the configured share, never raise it. */
  #isPicked(node: ConfigNode | undefined, header: string): boolean {
    const lower = node?.has('header_delay') || node?.has('header_abort') ? this.#numberIn(header) : undefined;
    if (lower !== undefined && this.#callbacks.random.below(100) >= lower) return false;
    return isDrawn(node?.child('percentage'), this.#callbacks.random);
  }

  #numberIn(header: string): number | undefined {
    const value = this.#callbacks.request.get(header);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  }
}
