import type { Host } from './host.ts';
import { declareCodecStats, type Codec } from '../stats/codec_stats.ts';
import { declareSslStats } from '../stats/ssl_stats.ts';
import type { ConfigNode } from '../config_node.ts';
import { CodeStats } from '../stats/code_stats.ts';
import { createStats, type StatSet } from '../stats/stat_set.ts';
import type { StatsStore } from '../stats/store.ts';
import { CLUSTER_COUNTERS, CLUSTER_GAUGES, CLUSTER_HISTOGRAMS } from './cluster_stat_names.ts';

type TrafficStats = StatSet<
  (typeof CLUSTER_COUNTERS)[number],
  (typeof CLUSTER_GAUGES)[number],
  (typeof CLUSTER_HISTOGRAMS)[number]
>;

const SIZE_HISTOGRAMS = [
  'upstream_rq_headers_size',
  'upstream_rq_headers_count',
  'upstream_rq_body_size',
  'upstream_rs_headers_size',
  'upstream_rs_headers_count',
  'upstream_rs_body_size',
] as const;

const BUDGET_HISTOGRAMS = [
  'upstream_rq_timeout_budget_percent_used',
  'upstream_rq_timeout_budget_per_try_percent_used',
] as const;

/** The kinds whose updates weigh their hosts: upstream_impl.cc, BaseDynamicClusterImpl. */
const UPDATES_WEIGHTS: ReadonlySet<string> = new Set(['EDS', 'STRICT_DNS']);

/** What an answer is counted as, beside its code. */
export interface ResponseFacts {
  readonly isInternal: boolean;
  readonly isCanary: boolean;
  /** From the zone of this Envoy to that of the endpoint; undefined where either has none. */
  readonly zone: string | undefined;
  /** `x-envoy-upstream-alt-stat-name`: counts the same once more under this name. */
  readonly altName: string | undefined;
}

/** The statistics of one cluster, each found once. */
export class ClusterStats {
  readonly prefix: string;
  readonly traffic: TrafficStats;
  readonly sizes: StatSet<never, never, (typeof SIZE_HISTOGRAMS)[number]> | undefined;
  readonly budgets: StatSet<never, never, (typeof BUDGET_HISTOGRAMS)[number]> | undefined;
  readonly tracksEndpoints: boolean;
  readonly #store: StatsStore;
  readonly #codes = new Map<string, CodeStats>();
  readonly #codecs = new Set<Codec>();
  readonly #plain: CodeStats;
  readonly #external: CodeStats;

  /** `ssl.NAME`, of handshakes with the endpoints. */
  ssl(name: string): void {
    this.#store.add(`${this.prefix}ssl.${name}`);
  }

  /** The transport socket of each new host is looked for, and `default` is found where no match says otherwise. */
  updateHosts(hosts: readonly Host[], added: number, type: string | undefined): void {
    if (added > 0) this.#store.add(`${this.prefix}default.total_match_count`, added);
    if (UPDATES_WEIGHTS.has(type ?? ''))
      this.traffic.max_host_weight.set(Math.max(0, ...hosts.map((host) => host.weight)));
  }

  /** The first connection that speaks it is made. */
  useCodec(codec: Codec): void {
    if (this.#codecs.has(codec)) return;
    this.#codecs.add(codec);
    declareCodecStats(this.#store, this.prefix, codec);
  }

  constructor(node: ConfigNode, store: StatsStore, statName: string) {
    this.#store = store;
    this.prefix = `cluster.${statName}.`;
    this.traffic = createStats(store, this.prefix, {
      counters: CLUSTER_COUNTERS,
      gauges: CLUSTER_GAUGES,
      histograms: CLUSTER_HISTOGRAMS,
    });
    if (node.has('lb_subset_config')) store.gauge(`${this.prefix}lb_subsets_single_host_per_subset_duplicate`);
    declareSslStats(store, this.prefix, [
      node.child('transport_socket'),
      ...node.list('transport_socket_matches').map((one) => one.child('transport_socket')),
    ]);
    const tracked = node.child('track_cluster_stats');
    this.tracksEndpoints = tracked?.flag('per_endpoint_stats') === true;
    if (tracked?.flag('request_response_sizes') === true)
      this.sizes = createStats(store, this.prefix, { histograms: SIZE_HISTOGRAMS });
    if (tracked?.flag('timeout_budgets') === true || node.flag('track_timeout_budgets'))
      this.budgets = createStats(store, this.prefix, { histograms: BUDGET_HISTOGRAMS });
    this.#plain = this.codes('');
    this.#external = this.codes('external.');
  }

  /** The code counters of a part of the cluster: `external.`, `retry.`, `zone.FROM.TO.`. */
  codes(scope: string): CodeStats {
    let codes = this.#codes.get(scope);
    if (!codes) this.#codes.set(scope, (codes = new CodeStats(this.#store, this.prefix + scope)));
    return codes;
  }

  /** Counts an answer under each part that it belongs to: http/codes.cc, chargeResponseStat. */
  charge(status: number, facts: ResponseFacts): void {
    for (const codes of this.#parts(facts)) codes.charge(status);
  }

  /** The same, where the code is left out of the cluster's own counters. */
  chargeWithoutCode(status: number, facts: ResponseFacts): void {
    const [own, ...parts] = this.#parts(facts);
    own!.complete();
    for (const codes of parts) codes.charge(status);
  }

  /** How long the upstream took, under the same parts. */
  recordTime(ms: number, facts: ResponseFacts): void {
    for (const codes of this.#parts(facts)) codes.recordTime(ms);
  }

  #parts({ isInternal, isCanary, zone, altName }: ResponseFacts): CodeStats[] {
    const parts = [this.#plain, isInternal ? this.codes('internal.') : this.#external];
    if (isCanary) parts.push(this.codes('canary.'));
    if (zone !== undefined) parts.push(this.codes(`zone.${zone}.`));
    if (altName === undefined) return parts;
    return [
      ...parts,
      ...[`${altName}.`, `${altName}.${isInternal ? 'internal' : 'external'}.`].map((one) => this.codes(one)),
    ];
  }
}
