import { expect, test } from 'vitest';
import type { Host } from '../upstream/host.ts';
import { EdfSchedule } from './edf_schedule.ts';

const host = (address: string, weight: number): Host => ({ address, weight }) as Host;
const taken = (schedule: EdfSchedule, times: number): string =>
  Array.from({ length: times }, () => schedule.take().address).join('');

test('hosts come by their weights, spread over the time, those put in first before their equals', () => {
  expect(taken(new EdfSchedule([host('a', 2), host('b', 1)]), 6)).toBe('abaaba');
  expect(taken(new EdfSchedule([host('a', 1), host('b', 1), host('c', 1)]), 6)).toBe('abcabc');
});

test('of ten thousand picks each host gets its share to the last one', () => {
  const schedule = new EdfSchedule([host('a', 50), host('b', 30), host('c', 20)]);
  const counts = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) {
    const { address } = schedule.take();
    counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  expect([...counts].sort()).toEqual([
    ['a', 5000],
    ['b', 3000],
    ['c', 2000],
  ]);
});
