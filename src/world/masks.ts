/** What differs from run to run is written as a word, as the recordings have it: FORMAT, "What varies". */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const ISO_TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const VOLATILE: Readonly<Record<string, string>> = {
  date: '<date>',
  'x-request-id': '<uuid>',
  'x-envoy-upstream-service-time': '<ms>',
  'x-b3-traceid': '<id>',
  'x-b3-spanid': '<id>',
};

type Pairs = readonly (readonly [string, string])[];

/** Headers with made-up values masked; what the client itself sent stays. */
export function maskHeaders(headers: Pairs, sent: Pairs = []): [string, string][] {
  const kept = new Map(sent.map(([name, value]) => [name.toLowerCase(), value]));
  return headers.map(([name, value]) => {
    const own = kept.get(name);
    if (own === value) return [name, value];
    if (name === 'b3') return [name, value.replace(/\w{16,32}/g, (id) => (own?.includes(id) === true ? id : '<id>'))];
    if (name === 'traceparent') return [name, maskTraceParent(value, own)];
    return [name, VOLATILE[name] ?? value];
  });
}

const maskTraceParent = (value: string, own: string | undefined): string =>
  value.replace(
    /^(..)-(\w{32})-\w{16}-/,
    (_, version: string, trace: string) => `${version}-${own?.includes(trace) === true ? trace : '<id>'}-<id>-`,
  );

export const maskText = (text: string): string => text.replace(UUID, '<uuid>').replace(ISO_TIME, '<time>');

/** The bytes of an HTTP/1 answer. */
export const maskRaw = (text: string): string =>
  text
    .replace(UUID, '<uuid>')
    .replace(/(\r\ndate: )[^\r]+/gi, '$1<date>')
    .replace(/(x-envoy-upstream-service-time: )\d+/gi, '$1<ms>');
