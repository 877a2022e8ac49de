import type { Histogram } from '../stats/histogram.ts';
import type { EndpointMetric } from './endpoint_metrics.ts';

/** What a page of statistics shows. */
export interface Selection {
  readonly textReadouts: readonly { readonly name: string; readonly value: string }[];
  readonly counters: readonly { readonly name: string; readonly value: number }[];
  readonly gauges: readonly { readonly name: string; readonly value: number }[];
  readonly histograms: readonly Histogram[];
  readonly endpointCounters: readonly EndpointMetric[];
  readonly endpointGauges: readonly EndpointMetric[];
}
