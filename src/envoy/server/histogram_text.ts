import type { Json } from '#api';
import type { Histogram, HistogramView } from '../stats/histogram.ts';

/** How `histogram_buckets` asks for them; without it as a summary by quantiles. */
export type BucketMode = 'none' | 'summary' | 'cumulative' | 'disjoint' | 'detailed' | 'prometheusnative';

const NOTHING = 'No recorded values';
const QUANTILES = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

/** A histogram as `/stats` writes it: of the last interval, and of all time (stats/histogram_impl.cc). */
export function histogramText(histogram: Histogram, mode: BucketMode): string {
  const { interval, cumulative } = histogram;
  if (cumulative.sampleCount === 0) return NOTHING;
  if (mode === 'cumulative' || mode === 'disjoint') return bucketsOf(histogram, mode).map(bucketText).join(' ');
  if (mode === 'detailed')
    return `\n  totals=${binsText(cumulative)}\n  intervals=${binsText(interval)}\n  summary=${summaryText(histogram)}`;
  return summaryText(histogram);
}

const bucketText = ({ bound, interval, cumulative }: Bucket): string =>
  `B${shortNumber(bound)}(${interval},${cumulative})`;

/** As `%g` writes it: six digits, then an exponent. */
function shortNumber(value: number): string {
  if (value < 1e6) return String(value);
  const [digits, exponent] = value.toExponential().split('e+');
  return `${digits}e+${exponent!.padStart(2, '0')}`;
}

const binsText = ({ bins }: HistogramView): string =>
  bins.map(({ lower, width, count }) => `${lower},${width}:${count}`).join(', ');

function summaryText({ interval, cumulative }: Histogram): string {
  if (cumulative.sampleCount === 0) return NOTHING;
  const number = (value: number): string => (Number.isNaN(value) ? 'nan' : String(value));
  return QUANTILES.map(
    (one) => `P${one}(${number(interval.quantile(one / 100))},${number(cumulative.quantile(one / 100))})`,
  ).join(' ');
}

interface Bucket {
  readonly bound: number;
  readonly interval: number;
  readonly cumulative: number;
}

function bucketsOf({ bounds, interval, cumulative }: Histogram, mode: 'cumulative' | 'disjoint'): Bucket[] {
  const below = (view: HistogramView, i: number): number => {
    const before = mode === 'disjoint' && i > 0 ? view.countBelow(bounds[i - 1]!) : 0;
    return view.countBelow(bounds[i]!) - before;
  };
  return bounds.map((bound, i) => ({ bound, interval: below(interval, i), cumulative: below(cumulative, i) }));
}

export function histogramJson(histograms: readonly Histogram[], mode: BucketMode | ''): Json {
  if (mode === 'cumulative' || mode === 'disjoint')
    return histograms.map((one) => ({
      name: one.name,
      buckets: bucketsOf(one, mode).map(({ bound, interval, cumulative }) => ({
        upper_bound: bound,
        interval,
        cumulative,
      })),
    }));
  if (mode === 'detailed')
    return {
      supported_percentiles: QUANTILES,
      details: histograms.map((one) => ({
        name: one.name,
        totals: binsJson(one.cumulative),
        intervals: binsJson(one.interval),
        percentiles: quantilesJson(one),
      })),
    };
  return {
    supported_quantiles: QUANTILES,
    computed_quantiles: histograms.map((one) => ({ name: one.name, values: quantilesJson(one) })),
  };
}

const binsJson = ({ bins }: HistogramView): Json =>
  bins.map(({ lower, width, count }) => ({ lower_bound: lower, width, count }));

const quantilesJson = ({ interval, cumulative }: Histogram): Json =>
  QUANTILES.map((one) => ({
    cumulative: orNull(cumulative.quantile(one / 100)),
    interval: orNull(interval.quantile(one / 100)),
  }));

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
