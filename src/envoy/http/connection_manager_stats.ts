import { declareCodecStats } from '../stats/codec_stats.ts';
import { createStats, type StatSet } from '../stats/stat_set.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Connection } from '../seams.ts';
import type { Counter } from '../stats/metric.ts';
import { HTTP_COUNTERS, ROUTER_COUNTERS, HTTP_GAUGES, HTTP_HISTOGRAMS } from './connection_manager_stat_names.ts';

type HttpStats = StatSet<
  (typeof HTTP_COUNTERS)[number] | (typeof ROUTER_COUNTERS)[number],
  (typeof HTTP_GAUGES)[number],
  (typeof HTTP_HISTOGRAMS)[number]
>;

const TRACING = ['random_sampling', 'service_forced', 'client_enabled', 'not_traceable', 'health_check'] as const;

/** The statistics of one connection manager, each found once. */
export class ConnectionManagerStats {
  readonly http: HttpStats;
  readonly tracing: StatSet<(typeof TRACING)[number], never, never>;
  /** By the first digit of the code: `http.PREFIX.` and, beside it, `listener.ADDRESS.http.PREFIX.`. */
  readonly #classes: readonly (readonly Counter[])[];
  readonly #completed: readonly Counter[];
  readonly #store: StatsStore;
  #hasHttp2 = false;

  constructor(store: StatsStore, prefix: string, listenerPrefix: string) {
    this.#store = store;
    this.http = createStats(store, prefix, {
      counters: [...HTTP_COUNTERS, ...ROUTER_COUNTERS],
      gauges: HTTP_GAUGES,
      histograms: HTTP_HISTOGRAMS,
    });
    this.tracing = createStats(store, `${prefix}tracing.`, { counters: TRACING });
    const prefixes = [prefix, listenerPrefix + prefix];
    const both = (name: string): Counter[] => prefixes.map((one) => store.counter(`${one}downstream_rq_${name}`));
    this.#classes = [[], ...[1, 2, 3, 4, 5].map((digit) => both(`${digit}xx`))];
    this.#completed = both('completed');
  }

  opened(connection: Connection): void {
    const protocol = connection.protocol;
    // HTTP/1 is there from the start.
    if (protocol === 'http2' && !this.#hasHttp2) declareCodecStats(this.#store, '', 'http2');
    this.#hasHttp2 ||= protocol === 'http2';
    this.http.downstream_cx_total.inc();
    this.http.downstream_cx_active.add(1);
    this.http[`downstream_cx_${protocol}_total`].inc();
    this.http[`downstream_cx_${protocol}_active`].add(1);
    if (!connection.tls) return;
    this.http.downstream_cx_ssl_total.inc();
    this.http.downstream_cx_ssl_active.add(1);
  }

  /** Whoever closed it, and whether a request was under way. */
  closed(connection: Connection, lengthMs: number, how: { isLocal: boolean; hadRequest: boolean }): void {
    const side = how.isLocal ? 'local' : 'remote';
    this.http.downstream_cx_destroy.inc();
    this.http[`downstream_cx_destroy_${side}`].inc();
    if (how.hadRequest) {
      this.http.downstream_cx_destroy_active_rq.inc();
      this.http[`downstream_cx_destroy_${side}_active_rq`].inc();
    }
    this.http.downstream_cx_length_ms.record(lengthMs);
    this.http.downstream_cx_active.add(-1);
    this.http[`downstream_cx_${connection.protocol}_active`].add(-1);
    if (connection.tls) this.http.downstream_cx_ssl_active.add(-1);
  }

  /** Counts an answered request: conn_manager_impl.cc, chargeStats. */
  charge(status: number): void {
    for (const counter of this.#completed) counter.inc();
    for (const counter of this.#classes[Math.floor(status / 100)] ?? []) counter.inc();
  }
}
