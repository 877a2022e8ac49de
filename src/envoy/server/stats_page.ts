import { compileRe2, regexFault } from '../matching/re2.ts';
import type { StatsStore } from '../stats/store.ts';
import type { TagProducer } from '../stats/tag_producer.ts';
import type { EndpointMetric } from './endpoint_metrics.ts';
import { histogramJson, histogramText, type BucketMode } from './histogram_text.ts';
import type { Selection } from './stats_selection.ts';
import { prometheusPage } from './prometheus_page.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface StatsPageSource {
  readonly stats: StatsStore;
  readonly tags: TagProducer;
  readonly endpoints: readonly EndpointMetric[];
}

/** What a page may show: name, use and value. */
interface Shown {
  readonly name: string;
  readonly isUsed: boolean;
}

const FORMATS = ['html', 'active-html', 'json', 'prometheus', 'text'];
const BUCKET_MODES: readonly string[] = ['cumulative', 'disjoint', 'detailed', 'summary', 'prometheusnative'];
const HIDDEN_MODES: readonly string[] = ['include', 'only', 'exclude'];
/** These count by being there. */
const SWITCHES: readonly string[] = ['usedonly', 'text_readouts', 'pretty', 'invert_filter'];

/** A parameter without a value is none. */
const withValues = (query: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...query].filter(([name, value]) => value !== '' || SWITCHES.includes(name)));
const TYPES = ['All', 'Counters', 'Gauges', 'Histograms', 'TextReadouts'];

/** `/stats` in each of its formats: server/admin/stats_handler.cc, stats_params.cc. */
export function statsPage(source: StatsPageSource, given: ReadonlyMap<string, string>): Answer {
  const query = withValues(given);
  const filter = compileFilter(query.get('filter'));
  const refusal = refusalOf(query) ?? (typeof filter === 'string' ? filter : undefined);
  if (refusal !== undefined || typeof filter === 'string') return { status: 400, body: refusal ?? '' };
  const selection = select(source, query, filter);
  const buckets = (query.get('histogram_buckets') ?? '') as BucketMode | '';
  const write: Readonly<Record<string, () => string>> = {
    prometheus: () =>
      prometheusPage(selection, source.tags, {
        asSummary: buckets === 'summary' || buckets === 'none',
        withTexts: query.has('text_readouts'),
      }),
    json: () => asJson(selection, buckets),
  };
  const body =
    write[query.get('format') ?? ''] ??
    (() => asText(selection, buckets === '' || buckets === 'none' ? 'summary' : buckets));
  return { status: 200, body: body() };
}

/** What Envoy says of a parameter that it does not know; undefined where it knows them all. */
function refusalOf(query: ReadonlyMap<string, string>): string | undefined {
  const buckets = query.get('histogram_buckets') ?? '';
  const format = query.get('format') ?? 'text';
  if (!TYPES.includes(query.get('type') ?? 'All')) return 'invalid &type= param';
  if (buckets !== '' && buckets !== 'none' && !BUCKET_MODES.includes(buckets))
    return 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n';
  if (!HIDDEN_MODES.includes(query.get('hidden') ?? 'exclude')) return 'usage: /stats?hidden=(include|only|exclude)\n';
  if (!FORMATS.includes(format)) return 'usage: /stats?format=(html|active-html|json|prometheus|text)\n';
  return format === 'prometheus' && (buckets === 'detailed' || buckets === 'disjoint')
    ? 'unsupported prometheus histogram bucket mode'
    : undefined;
}

function select(
  { stats, endpoints }: StatsPageSource,
  query: ReadonlyMap<string, string>,
  filter: (name: string) => boolean,
): Selection {
  // Prometheus is told of all types.
  const type = query.get('format') === 'prometheus' ? 'All' : (query.get('type') ?? 'All');
  const isUsedOnly = query.has('usedonly');
  const pick = <T extends Shown>(kind: string, list: Iterable<T>): T[] =>
    type === 'All' || type === kind ? [...list].filter((one) => (!isUsedOnly || one.isUsed) && filter(one.name)) : [];
  return {
    textReadouts: pick('TextReadouts', stats.textReadouts),
    counters: pick('Counters', stats.counters),
    gauges: pick('Gauges', stats.gauges),
    histograms: pick('Histograms', stats.histograms),
    endpointCounters: pick(
      'Counters',
      endpoints.filter((one) => one.kind === 'counter'),
    ),
    endpointGauges: pick(
      'Gauges',
      endpoints.filter((one) => one.kind === 'gauge'),
    ),
  };
}

/** Any part of a name may match: RE2's partial match. */
function compileFilter(text: string | undefined): ((name: string) => boolean) | string {
  if (text === undefined || text === '') return () => true;
  const fault = regexFault(text);
  if (fault) return `Invalid re2 regex: ${errorText(fault.fault)}: ${fault.part}`;
  const pattern = compileRe2(text);
  return (name) => pattern.matcher(name).find();
}

/** Go's words for an error, as RE2 in C++ has them. */
const errorText = (text: string): string =>
  text
    .replace('missing argument to repetition operator', 'no argument for repetition operator')
    .replace('missing closing )', 'missing )')
    .replaceAll('`', '');

/** Html::Utility::sanitize. */
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

const byName = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
  list.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const scalarsOf = (selection: Selection): { name: string; value: number }[] => [
  ...byName([...selection.counters, ...selection.gauges]),
  ...byName([...selection.endpointCounters, ...selection.endpointGauges]),
];

/** `name: value`; texts, counters and gauges together, then histograms. */
function asText(selection: Selection, mode: BucketMode): string {
  const texts = byName(selection.textReadouts).map(({ name, value }) => `${name}: "${escaped(value)}"\n`);
  const scalars = scalarsOf(selection).map(({ name, value }) => `${name}: ${value}\n`);
  const histograms = byName(selection.histograms).map((one) => `${one.name}: ${histogramText(one, mode)}\n`);
  return [...texts, ...scalars, ...histograms].join('');
}

function asJson(selection: Selection, mode: BucketMode | ''): string {
  const texts = byName(selection.textReadouts).map(({ name, value }) => ({ name, value }));
  const scalars = scalarsOf(selection).map(({ name, value }) => ({ name, value }));
  const histograms = byName(selection.histograms);
  return withShortBounds(
    JSON.stringify({
      stats: [
        ...texts,
        ...scalars,
        ...(histograms.length === 0 ? [] : [{ histograms: histogramJson(histograms, mode) }]),
      ],
    }),
  );
}

/** As C++ writes a number in the fewest characters: `3e+05`. */
const withShortBounds = (text: string): string =>
  text.replace(/(?<="upper_bound":)[\d.]+/g, (digits) => {
    const [short, exponent] = Number(digits).toExponential().split('e+');
    const long = exponent === undefined ? digits : `${short}e+${exponent.padStart(2, '0')}`;
    return long.length < digits.length ? long : digits;
  });
