import type { Histogram } from './histogram.ts';
import type { Counter, Gauge } from './metric.ts';
import type { StatsStore } from './store.ts';

interface Names<C extends string, G extends string, H extends string> {
  readonly counters?: readonly C[];
  readonly gauges?: readonly G[];
  readonly histograms?: readonly H[];
}

/** Metrics under one prefix, each found by its own name: what Envoy's GENERATE_COUNTER_STRUCT macros declare. */
export type StatSet<C extends string, G extends string, H extends string> = Readonly<
  Record<C, Counter> & Record<G, Gauge> & Record<H, Histogram>
>;

/** Creates them all at once: they are there at 0 before anything has happened. */
export function createStats<C extends string = never, G extends string = never, H extends string = never>(
  store: StatsStore,
  prefix: string,
  { counters = [], gauges = [], histograms = [] }: Names<C, G, H>,
): StatSet<C, G, H> {
  return Object.fromEntries([
    ...counters.map((name) => [name, store.counter(prefix + name)]),
    ...gauges.map((name) => [name, store.gauge(prefix + name)]),
    ...histograms.map((name) => [name, store.histogram(prefix + name)]),
  ]) as StatSet<C, G, H>;
}
