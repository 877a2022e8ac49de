import type { StepResult } from '#world';
import type { Expectation, HeaderFacts } from './lab.ts';

/** Nobody was asked, nothing is there. */
export const NONE = 'none';

/** Whether an outcome is as expected, in everything that the expectation names. */
export function isAsExpected(expect: Expectation, result: StepResult): boolean {
  const { response, access, upstream = [] } = result;
  const log = access?.at(-1) ?? {};
  const received = upstream.at(-1);
  const facts: [unknown, unknown][] = [
    [expect.status, response?.status],
    [expect.body, response?.body],
    [expect.upstream, received?.upstream ?? NONE],
    [expect.reached, upstream.length],
    [expect.received_path, received?.path ?? NONE],
    [expect.cluster, log['cluster']],
    [expect.route, log['route']],
    [expect.flags, log['flags'] ?? '-'],
    [expect.details, log['details']],
  ];
  return (
    facts.every(([wanted, found]) => wanted === undefined || listOf(wanted).includes(found)) &&
    areThere(expect.headers, response?.headers) &&
    areThere(expect.received_headers, received?.headers)
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

type Pairs = readonly (readonly [string, string])[];

/** The values of a header, in the order in which they came. */
export const valuesOf = (name: string, pairs: Pairs = []): string[] =>
  pairs.filter(([have]) => have.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

const areThere = (wanted: HeaderFacts = {}, pairs: Pairs | undefined): boolean =>
  Object.entries(wanted).every(([name, value]) => {
    const found = valuesOf(name, pairs);
    return value === null ? found.length === 0 : found.length > 0 && found.join(', ') === value;
  });
