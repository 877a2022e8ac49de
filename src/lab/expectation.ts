import type { StepResult } from '#world';
import type { Expectation } from './lab.ts';

/** Whether an outcome is as expected, in everything that the expectation names. */
export function isAsExpected(expect: Expectation, result: StepResult): boolean {
  const { response, access, upstream } = result;
  const log = access?.at(-1) ?? {};
  const facts: [unknown, unknown][] = [
    [expect.status, response?.status],
    [expect.body, response?.body],
    [expect.upstream, upstream?.at(-1)?.upstream ?? 'none'],
    [expect.cluster, log['cluster']],
    [expect.route, log['route']],
    [expect.flags, log['flags'] ?? '-'],
    [expect.details, log['details']],
  ];
  const hasHeaders = Object.entries(expect.headers ?? {}).every(([name, value]) =>
    response?.headers?.some(([have, given]) => have.toLowerCase() === name.toLowerCase() && given === value),
  );
  return hasHeaders && facts.every(([wanted, found]) => wanted === undefined || wanted === found);
}
