import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import type { Host } from '../upstream/host.ts';
import { RoundRobin } from './round_robin.ts';
import { SlowStart } from './slow_start.ts';

const host = (address: string, healthySinceMs: number): Host =>
  ({ address, weight: 1, health: 'healthy', healthySinceMs }) as Host;
let nowMs = 0;
const slowStart = (options: object): SlowStart =>
  new SlowStart(
    new ConfigNode({ slowStartWindow: '10s', ...options }, { resource: 'envoy.yaml', path: [] }),
    () => nowMs,
  );

test('a new host has the least share at first, then the share of the window that has passed, then all', () => {
  const slow = slowStart({ minWeightPercent: { value: 20 } });
  const shares = [0, 1_000, 5_000, 10_000].map((now) => {
    nowMs = now;
    return slow.weightOf(host('a', 0));
  });
  expect(shares).toEqual([0.2, 0.2, 0.5, 1]);
});

test('an aggression above 1 gives much at once', () => {
  const slow = slowStart({ aggression: { defaultValue: 2 } });
  nowMs = 2_500;
  expect(slow.weightOf(host('a', 0))).toBe(0.5);
});

test('while one of the hosts is slow, round robin goes by weight', () => {
  nowMs = 20_000;
  const slow = slowStart({ minWeightPercent: { value: 25 } });
  const hosts = [host('a', 0), host('b', 20_000)];
  const picker = new RoundRobin(slow);
  expect(Array.from({ length: 10 }, () => picker.pick(hosts).address).join('')).toBe('aaabaaaaba');
});
