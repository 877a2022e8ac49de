/** Counts by bin: two significant decimal digits, as libcircllhist keeps them. */
class Bins {
  /** By lower bound: width and count. */
  readonly #counts = new Map<number, { readonly width: number; count: number }>();
  total = 0;

  add(value: number, count = 1): void {
    const { lower, width } = binOf(value);
    const bin = this.#counts.get(lower);
    if (bin) bin.count += count;
    else this.#counts.set(lower, { width, count });
    this.total += count;
  }

  take(other: Bins): void {
    for (const [lower, { count }] of other.#counts) this.add(lower, count);
  }

  /** In order of their lower bounds. */
  all(): { lower: number; width: number; count: number }[] {
    return [...this.#counts].map(([lower, bin]) => ({ lower, ...bin })).sort((a, b) => a.lower - b.lower);
  }
}

function binOf(value: number): { lower: number; width: number } {
  if (value <= 0) return { lower: 0, width: 0 };
  const exponent = Math.floor(Math.log10(value) + 1e-12) - 1;
  const scale = 10 ** Math.abs(exponent);
  const digits = Math.floor((exponent < 0 ? value * scale : value / scale) + 1e-9);
  return exponent < 0 ? { lower: digits / scale, width: 1 / scale } : { lower: digits * scale, width: scale };
}

/** What a histogram's page shows: of everything, or of the last interval. */
export interface HistogramView {
  readonly sampleCount: number;
  readonly sampleSum: number;
  /** The value below which this share of the samples lies; NaN without samples. */
  quantile(share: number): number;
  /** How many samples are not above the bound. */
  countBelow(bound: number): number;
  readonly bins: readonly { readonly lower: number; readonly width: number; readonly count: number }[];
}

/** When the values of the workers are merged: a number that changes with each flush. */
export interface FlushClock {
  readonly flushes: number;
}

/**
 * Values by bucket. What is recorded is seen after the next flush, as in Envoy, where each worker has a histogram of its
 * own until then (stats/thread_local_store.cc, mergeHistograms).
 */
export class Histogram {
  readonly name: string;
  readonly bounds: readonly number[];
  readonly #clock: FlushClock;
  #pending = new Bins();
  #pendingSince = 0;
  #interval = new Bins();
  #intervalOf = -1;
  readonly #cumulative = new Bins();

  constructor(name: string, bounds: readonly number[], clock: FlushClock) {
    this.name = name;
    this.bounds = bounds;
    this.#clock = clock;
  }

  get isUsed(): boolean {
    this.#merge();
    return this.#cumulative.total > 0;
  }

  record(value: number): void {
    this.#merge();
    this.#pending.add(value);
  }

  get cumulative(): HistogramView {
    this.#merge();
    return viewOf(this.#cumulative);
  }

  get interval(): HistogramView {
    this.#merge();
    return viewOf(this.#intervalOf === this.#clock.flushes ? this.#interval : new Bins());
  }

  #merge(): void {
    const now = this.#clock.flushes;
    if (this.#pendingSince === now) return;
    if (this.#pending.total > 0) {
      this.#cumulative.take(this.#pending);
      this.#interval = this.#pending;
      this.#intervalOf = this.#pendingSince + 1;
      this.#pending = new Bins();
    }
    this.#pendingSince = now;
  }
}

function viewOf(bins: Bins): HistogramView {
  const all = bins.all();
  return {
    bins: all,
    sampleCount: bins.total,
    // The middle of a bin that makes the relative error least: circllhist.c, hist_bucket_midpoint.
    sampleSum: all.reduce(
      (sum, { lower, width, count }) =>
        sum + (lower === 0 ? 0 : (count * 2 * lower * (lower + width)) / (2 * lower + width)),
      0,
    ),
    quantile: (share) => quantileOf(all, bins.total, share),
    countBelow: (bound) => all.reduce((sum, { lower, count }) => (lower <= bound ? sum + count : sum), 0),
  };
}

/** The samples of a bin are taken to lie evenly in it. */
function quantileOf(bins: HistogramView['bins'], total: number, share: number): number {
  if (total === 0) return NaN;
  let rank = Math.max(1, Math.ceil(share * total));
  for (const { lower, width, count } of bins) {
    if (rank <= count) return lower + (width * rank) / (count + 1);
    rank -= count;
  }
  return NaN;
}
