import type { Histogram } from '../stats/histogram.ts';
import type { Tag, TaggedName, TagProducer } from '../stats/tag_producer.ts';
import type { EndpointMetric } from './endpoint_metrics.ts';
import type { Selection } from './stats_selection.ts';

/** The digits that `%.32g` writes. */
const SUM_DIGITS = 32;
const SUMMARY_QUANTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

/** `/stats/prometheus`: parts of the names as labels, and a TYPE line before each metric (server/admin/prometheus_stats.cc). */
export function prometheusPage(
  selection: Selection,
  tags: TagProducer,
  { asSummary, withTexts }: { asSummary: boolean; withTexts: boolean },
): string {
  const scalar = (kind: string, list: readonly { name: string; value: number }[]): string =>
    grouped(
      list.map((one) => ({ metric: one, tagged: tags.produce(one.name) })),
      kind,
      (metric, name, labels) => `${name}{${labels}} ${metric.value}\n`,
    );
  const endpoint = (kind: string, list: readonly EndpointMetric[]): string =>
    grouped(
      list.map((one) => ({ metric: one, tagged: one.tagged })),
      kind,
      (metric, name, labels) => `${name}{${labels}} ${metric.value}\n`,
    );
  const histograms = grouped(
    selection.histograms.map((one) => ({ metric: one, tagged: tags.produce(one.name) })),
    asSummary ? 'summary' : 'histogram',
    asSummary ? summaryLines : histogramLines,
  );
  // A text is a gauge without a value, which says its text as a label.
  const texts = grouped(
    (withTexts ? selection.textReadouts : []).map((one) => {
      const tagged = tags.produce(one.name);
      return { metric: one, tagged: { ...tagged, tags: [...tagged.tags, { name: 'text_value', value: one.value }] } };
    }),
    'gauge',
    (_, name, labels) => `${name}{${labels}} 0\n`,
  );
  return [
    scalar('counter', selection.counters),
    scalar('gauge', selection.gauges),
    texts,
    histograms,
    endpoint('counter', selection.endpointCounters),
    endpoint('gauge', selection.endpointGauges),
  ].join('');
}

interface Named<T> {
  readonly metric: T;
  readonly tagged: TaggedName;
}

/** Metrics of one name stand together, in the order of the names. */
function grouped<T extends { readonly name: string }>(
  all: readonly Named<T>[],
  kind: string,
  linesOf: (metric: T, name: string, labels: string) => string,
): string {
  const groups = new Map<string, Named<T>[]>();
  for (const one of all) groups.set(one.tagged.name, [...(groups.get(one.tagged.name) ?? []), one]);
  return [...groups.keys()]
    .sort()
    .map((key) => {
      const name = `envoy_${sanitized(key)}`;
      const members = groups.get(key)!.sort((a, b) => (a.metric.name < b.metric.name ? -1 : 1));
      return `# TYPE ${name} ${kind}\n${members.map(({ metric, tagged }) => linesOf(metric, name, labelsOf(tagged.tags))).join('')}`;
    })
    .join('');
}

function histogramLines({ bounds, cumulative }: Histogram, name: string, labels: string): string {
  const before = labels === '' ? '' : `${labels},`;
  const buckets = bounds.map((bound) => `${name}_bucket{${before}le="${bound}"} ${cumulative.countBelow(bound)}\n`);
  return [
    ...buckets,
    `${name}_bucket{${before}le="+Inf"} ${cumulative.sampleCount}\n`,
    `${name}_sum{${labels}} ${longNumber(cumulative.sampleSum)}\n`,
    `${name}_count{${labels}} ${cumulative.sampleCount}\n`,
  ].join('');
}

function summaryLines({ interval, cumulative }: Histogram, name: string, labels: string): string {
  const before = labels === '' ? '' : `${labels},`;
  const quantiles = SUMMARY_QUANTILES.map((one) => {
    const value = interval.quantile(one);
    return `${name}{${before}quantile="${one}"} ${Number.isNaN(value) ? 'nan' : longNumber(value)}\n`;
  });
  return [
    ...quantiles,
    `${name}_sum{${labels}} ${longNumber(cumulative.sampleSum)}\n`,
    `${name}_count{${labels}} ${cumulative.sampleCount}\n`,
  ].join('');
}

const longNumber = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toPrecision(SUM_DIGITS).replace(/0+$/, '');

const labelsOf = (tags: readonly Tag[]): string =>
  tags.map(({ name, value }) => `${sanitized(name)}="${escaped(value)}"`).join(',');

const sanitized = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
