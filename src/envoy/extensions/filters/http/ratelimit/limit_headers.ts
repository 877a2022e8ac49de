import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';

const SECONDS: Readonly<Record<string, number>> = {
  SECOND: 1,
  MINUTE: 60,
  HOUR: 3_600,
  DAY: 86_400,
  WEEK: 604_800,
  MONTH: 2_592_000,
  YEAR: 31_536_000,
};

/** What the tightest limit leaves, and all limits beside it: ratelimit_headers.cc. */
export function limitHeaders(statuses: readonly ConfigNode[]): [string, string][] {
  const limited = statuses.filter((one) => one.has('current_limit'));
  const remaining = (one: ConfigNode): number => one.number('limit_remaining') ?? 0;
  const [first, ...others] = limited;
  if (!first) return [];
  const tightest = others.reduce((least, one) => (remaining(one) < remaining(least) ? one : least), first);
  const quotas = limited.flatMap((one) => {
    const limit = one.child('current_limit')!;
    const window = SECONDS[limit.text('unit') ?? ''];
    if (window === undefined) return [];
    const name = limit.text('name');
    return [`, ${limit.number('requests_per_unit') ?? 0};w=${window}${name ? `;name="${name}"` : ''}`];
  });
  const seconds = Math.floor((durationMs(tightest.text('duration_until_reset')) ?? 0) / 1000);
  return [
    ['x-ratelimit-limit', `${tightest.child('current_limit')!.number('requests_per_unit') ?? 0}${quotas.join('')}`],
    ['x-ratelimit-remaining', String(remaining(tightest))],
    ['x-ratelimit-reset', String(seconds)],
  ];
}

/** When the last of the limits that are used up begins anew. */
export function retryAfter(statuses: readonly ConfigNode[]): [string, string][] {
  const waits = statuses
    .filter((one) => one.text('code') === 'OVER_LIMIT')
    .map((one) => Math.floor((durationMs(one.text('duration_until_reset')) ?? 0) / 1000));
  return waits.length === 0 ? [] : [['retry-after', String(Math.max(...waits))]];
}
