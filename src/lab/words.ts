import type { StepResult } from '#world';
import { NONE, valuesOf } from './expectation.ts';
import type { Expectation, HeaderFacts, LabRequest } from './lab.ts';

/** A request as a person would say it: `POST /cart` with Host `shop.example`. */
export function requestWords({ method = 'GET', authority, path = '/', headers = [] }: LabRequest): string {
  const host = authority === null ? ' without Host' : authority === undefined ? '' : ` with Host \`${authority}\``;
  const more = headers.map(([name, value]) => ` and \`${name}: ${value}\``).join('');
  return `\`${method} ${path}\`${host}${more}`;
}

/** What came of it: `200 from shop by the route all`, `404 NR by Envoy itself`; and whatever was looked at. */
export function outcomeWords(result: StepResult, wanted: Expectation = {}): string {
  const { response, access, upstream = [] } = result;
  if (!response || response.failed !== undefined) return 'the connection was closed without an answer';
  const log = access?.at(-1) ?? {};
  const received = upstream.at(-1);
  const flags = log['flags'] === undefined || log['flags'] === '-' ? '' : ` ${String(log['flags'])}`;
  const route = log['route'] === undefined ? '' : `, route \`${String(log['route'])}\``;
  const isPassedOn = received !== undefined && log['details'] === 'via_upstream';
  const asked = received === undefined ? '' : ` after \`${received.upstream}\` was asked`;
  const who = isPassedOn ? `from \`${received.upstream}\`` : `by Envoy itself${asked}`;
  return [`${response.status}${flags} ${who}${route}`, ...lookedAt(result, wanted)].join('; ');
}

/** What else was looked at, as it was found. */
function lookedAt({ response, upstream = [] }: StepResult, wanted: Expectation): string[] {
  const received = upstream.at(-1);
  return [
    ...(wanted.reached === undefined ? [] : [reachedWords(upstream.length)]),
    ...(wanted.received_path === undefined ? [] : [`the upstream got the path \`${received?.path ?? NONE}\``]),
    ...(wanted.body === undefined ? [] : [`the body was "${response?.body?.trim() ?? ''}"`]),
    ...headerWords('the answer had', asFound(wanted.headers, response?.headers)),
    ...headerWords('the upstream got', asFound(wanted.received_headers, received?.headers)),
  ];
}

/** What was wanted: `200 from shop`. */
export function expectationWords(expect: Expectation): string {
  const parts = [
    expect.status === undefined ? undefined : either(expect.status),
    expect.flags === undefined || expect.flags === '-' ? undefined : expect.flags,
    expect.upstream === undefined ? undefined : upstreamWords(expect.upstream, isOwnAnswer(expect)),
    expect.cluster === undefined ? undefined : `by the cluster \`${expect.cluster}\``,
    expect.route === undefined ? undefined : `by the route \`${expect.route}\``,
    expect.details === undefined ? undefined : `(${expect.details})`,
    expect.reached === undefined ? undefined : `with ${reachedWords(expect.reached)}`,
    expect.body === undefined ? undefined : `with the body "${expect.body.trim()}"`,
    expect.received_path === undefined ? undefined : `which gets the path \`${expect.received_path}\``,
    ...headerWords('with', expect.headers),
    ...headerWords('which gets', expect.received_headers),
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

/** `1`, `1 or 2`, `1, 2 or 3`. */
const either = (value: unknown): string =>
  [value]
    .flat()
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');

/** With a flag it is Envoy that answers, whoever was asked before. */
const isOwnAnswer = ({ flags }: Expectation): boolean => flags !== undefined && flags !== '-';

function upstreamWords(upstream: NonNullable<Expectation['upstream']>, isOwn: boolean): string {
  if (upstream === NONE) return 'by Envoy itself';
  const names = `\`${[upstream].flat().join('` or `')}\``;
  return isOwn ? `by Envoy itself after ${names} was asked` : `from ${names}`;
}

const reachedWords = (count: number | readonly number[]): string =>
  `${either(count)} ${count === 1 ? 'request' : 'requests'} behind Envoy`;

const headerWords = (verb: string, headers: HeaderFacts = {}): string[] =>
  Object.entries(headers).map(([name, value]) =>
    value === null ? `${verb} no \`${name}\`` : `${verb} \`${name}: ${value}\``,
  );

/** The headers that were looked at, as they are. */
function asFound(wanted: HeaderFacts = {}, pairs: readonly (readonly [string, string])[] = []): HeaderFacts {
  return Object.fromEntries(
    Object.keys(wanted).map((name) => {
      const values = valuesOf(name, pairs);
      return [name, values.length === 0 ? null : values.join(', ')];
    }),
  );
}
