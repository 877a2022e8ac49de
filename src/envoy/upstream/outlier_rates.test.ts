import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { Host } from './host.ts';
import { OutlierRates, type Bucket } from './outlier_rates.ts';

const node = (value: object): ConfigNode => new ConfigNode(value as never, { resource: 'envoy.yaml', path: [] });
const locality = { name: '//', zone: '', weight: 0, priority: 0 };
const bucketsOf = (...successes: number[]): Map<Host, Bucket> =>
  new Map(successes.map((of, i) => [new Host(node({}), locality, `127.0.0.${i}:80`), { total: 100, successes: of }]));
const found = (config: object, buckets: Map<Host, Bucket>): string[] =>
  new OutlierRates(node(config), '').outliers(buckets).map(({ host, why }) => `${host.address} ${why}`);

test('of five hosts the one far below the others stands out by success rate; four are too few to tell', () => {
  expect(found({}, bucketsOf(0, 100, 100, 100, 100))).toEqual([
    '127.0.0.0:80 success_rate',
    '127.0.0.0:80 failure_percentage',
  ]);
  expect(found({}, bucketsOf(0, 100, 100, 100))).toEqual([]);
  expect(found({}, bucketsOf(98, 100, 99, 100, 100))).toEqual([]);
});

test('a share of failures is held against a fixed threshold', () => {
  const config = { failurePercentageThreshold: 40, failurePercentageMinimumHosts: 2, successRateMinimumHosts: 10 };
  expect(found(config, bucketsOf(60, 61))).toEqual(['127.0.0.0:80 failure_percentage']);
});
