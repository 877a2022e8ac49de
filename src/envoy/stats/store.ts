import { Counter, Gauge, TextReadout } from './metric.ts';
import { Histogram, type FlushClock } from './histogram.ts';

/** Envoy's own bounds: stats/histogram_impl.cc. */
const DEFAULT_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000,
];

export interface StatsOptions {
  /** Whether `stats_matcher` keeps a name from being created at all. */
  readonly isRejected: (name: string) => boolean;
  /** `histogram_bucket_settings`; undefined where none fits. */
  readonly boundsOf: (name: string) => readonly number[] | undefined;
  readonly nowMs: () => number;
  readonly flushIntervalMs: number;
}

const NO_OPTIONS: StatsOptions = {
  isRejected: () => false,
  boundsOf: () => undefined,
  nowMs: () => 0,
  flushIntervalMs: 5_000,
};

/** A colon would end a name: stats/utility.cc, sanitizeStatsName. */
const sanitized = (name: string): string =>
  name.includes(':') ? name.replaceAll('://', '_').replaceAll(':', '_') : name;

/** The statistics of a proxy, by Envoy's own names. What counts often asks for its counter once and keeps it. */
export class StatsStore implements FlushClock {
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #textReadouts = new Map<string, TextReadout>();
  readonly #options: StatsOptions;
  #flushesAsked = 0;

  constructor(options: StatsOptions = NO_OPTIONS) {
    this.#options = options;
  }

  counter(asked: string): Counter {
    const name = sanitized(asked);
    const known = this.#counters.get(name);
    if (known) return known;
    const made = new Counter(name);
    if (!this.#options.isRejected(name)) this.#counters.set(name, made);
    return made;
  }

  gauge(asked: string): Gauge {
    const name = sanitized(asked);
    const known = this.#gauges.get(name);
    if (known) return known;
    const made = new Gauge(name);
    if (!this.#options.isRejected(name)) this.#gauges.set(name, made);
    return made;
  }

  histogram(asked: string): Histogram {
    const name = sanitized(asked);
    const known = this.#histograms.get(name);
    if (known) return known;
    const made = new Histogram(name, this.#options.boundsOf(name) ?? DEFAULT_BOUNDS, this);
    if (!this.#options.isRejected(name)) this.#histograms.set(name, made);
    return made;
  }

  textReadout(asked: string): TextReadout {
    const name = sanitized(asked);
    const known = this.#textReadouts.get(name);
    if (known) return known;
    const made = new TextReadout(name);
    if (!this.#options.isRejected(name)) this.#textReadouts.set(name, made);
    return made;
  }

  add(name: string, by = 1): void {
    this.counter(name).add(by);
  }

  /** A gauge: what it is now. */
  set(name: string, value: number): void {
    this.gauge(name).set(value);
  }

  /** Counters that are there from the start, at 0 until something moves them. */
  declare(...names: string[]): void {
    for (const name of names) this.counter(name);
  }

  /** Removes what begins so: a listener or a cluster takes its statistics along. */
  forget(prefix: string): void {
    for (const kind of [this.#counters, this.#gauges, this.#histograms, this.#textReadouts])
      for (const name of kind.keys()) if (name.startsWith(prefix)) kind.delete(name);
  }

  /** Gauges and histograms stay; a counter that was used stays used. */
  resetCounters(): void {
    for (const counter of this.#counters.values()) counter.value = 0;
  }

  get counters(): Iterable<Counter> {
    return this.#counters.values();
  }

  get gauges(): Iterable<Gauge> {
    return this.#gauges.values();
  }

  get histograms(): Iterable<Histogram> {
    return this.#histograms.values();
  }

  get textReadouts(): Iterable<TextReadout> {
    return this.#textReadouts.values();
  }

  /** Counters and gauges as they are now. */
  snapshot(): Map<string, number> {
    return new Map([...this.#counters.values(), ...this.#gauges.values()].map(({ name, value }) => [name, value]));
  }

  get nowMs(): number {
    return this.#options.nowMs();
  }

  get flushes(): number {
    return Math.floor(this.nowMs / this.#options.flushIntervalMs) + this.#flushesAsked;
  }

  /** Merges what was recorded, out of turn: `stats_flush_on_admin`. */
  flush(): void {
    this.#flushesAsked++;
  }
}
