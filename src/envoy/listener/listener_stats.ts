import type { ConfigNode } from '../config_node.ts';
import { createStats, type StatSet } from '../stats/stat_set.ts';
import type { Counter, Gauge } from '../stats/metric.ts';
import type { StatsStore } from '../stats/store.ts';
import { LISTENER_COUNTERS, LISTENER_GAUGES, LISTENER_HISTOGRAMS } from './listener_stat_names.ts';

/** `listener.ADDRESS.`, with `_` for the colon before the port, or the listener's own `stat_prefix`. */
function listenerStatPrefix(listener: ConfigNode): string {
  const socket = listener.child('address')?.child('socket_address');
  const host = socket?.text('address') ?? '';
  const address = `${host.includes(':') ? `[${host.replaceAll(':', '_')}]` : host}_${socket?.number('port_value') ?? 0}`;
  return `listener.${listener.text('stat_prefix') || address}.`;
}

/** The statistics of one listener, each found once. There is one worker. */
export class ListenerStats {
  readonly listener: StatSet<
    (typeof LISTENER_COUNTERS)[number],
    (typeof LISTENER_GAUGES)[number],
    (typeof LISTENER_HISTOGRAMS)[number]
  >;
  /** `listener.ADDRESS.` */
  readonly prefix: string;
  readonly #workerTotal: Counter;
  readonly #workerActive: Gauge;

  constructor(store: StatsStore, listener: ConfigNode) {
    const prefix = listenerStatPrefix(listener);
    this.prefix = prefix;
    this.listener = createStats(store, prefix, {
      counters: LISTENER_COUNTERS,
      gauges: LISTENER_GAUGES,
      histograms: LISTENER_HISTOGRAMS,
    });
    this.#workerTotal = store.counter(`${prefix}worker_0.downstream_cx_total`);
    this.#workerActive = store.gauge(`${prefix}worker_0.downstream_cx_active`);
  }

  /** A connection has found its filter chain. */
  opened(): void {
    this.listener.downstream_cx_total.inc();
    this.listener.downstream_cx_active.add(1);
    this.#workerTotal.inc();
    this.#workerActive.add(1);
  }

  /** It has gone, after so long. */
  closed(lengthMs: number): void {
    this.listener.downstream_cx_destroy.inc();
    this.listener.downstream_cx_active.add(-1);
    this.listener.downstream_cx_length_ms.record(lengthMs);
    this.#workerActive.add(-1);
  }
}
