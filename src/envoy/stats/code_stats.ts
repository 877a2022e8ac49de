import type { Histogram } from './histogram.ts';
import type { Counter } from './metric.ts';
import type { StatsStore } from './store.ts';

/**
 * The counters of response codes under one prefix: `upstream_rq_200`, `upstream_rq_2xx`, `upstream_rq_completed`. Each is
 * made by its first answer and then kept (http/codes.cc).
 */
export class CodeStats {
  readonly #store: StatsStore;
  readonly #prefix: string;
  readonly #byStatus: (readonly Counter[] | undefined)[] = [];
  #time: Histogram | undefined;

  constructor(store: StatsStore, prefix: string) {
    this.#store = store;
    this.#prefix = `${prefix}upstream_rq_`;
  }

  /** Counts one answer: all, its class, and its code. */
  charge(status: number): void {
    const counters = (this.#byStatus[status] ??= this.#create(status));
    for (let i = 0; i < counters.length; i++) counters[i]!.inc();
  }

  /** Counts an answer whose code says nothing. */
  complete(): void {
    this.#store.add(`${this.#prefix}completed`);
  }

  recordTime(ms: number): void {
    (this.#time ??= this.#store.histogram(`${this.#prefix}time`)).record(ms);
  }

  #create(status: number): readonly Counter[] {
    const group = status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'unknown';
    return ['completed', group, String(status)].map((name) => this.#store.counter(this.#prefix + name));
  }
}
