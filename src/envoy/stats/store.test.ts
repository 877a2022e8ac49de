import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { statsOptions } from './options.ts';
import { StatsStore } from './store.ts';

const storeOf = (bootstrap: object, nowMs: () => number = () => 0): StatsStore =>
  new StatsStore(statsOptions(new ConfigNode(bootstrap as never, { resource: 'envoy.yaml', path: [] }), nowMs));

test('a reset sets counters to 0, gauges stay, and what was used stays used', () => {
  const stats = storeOf({});
  stats.add('http.a.rq_total', 3);
  stats.set('cluster.b.membership_total', 2);
  stats.declare('http.a.no_route');
  stats.resetCounters();
  expect([...stats.snapshot()]).toEqual([
    ['http.a.rq_total', 0],
    ['http.a.no_route', 0],
    ['cluster.b.membership_total', 2],
  ]);
  expect([...stats.counters].map(({ isUsed }) => isUsed)).toEqual([true, false]);
});

test('what a matcher does not include is counted by nobody and shown to nobody', () => {
  const stats = storeOf({
    statsConfig: { statsMatcher: { inclusionList: { patterns: [{ prefix: 'http.' }, { suffix: 'rq_total' }] } } },
  });
  for (const name of ['http.a.no_route', 'cluster.b.upstream_rq_total', 'cluster.b.upstream_rq_200']) stats.add(name);
  expect([...stats.snapshot().keys()]).toEqual(['http.a.no_route', 'cluster.b.upstream_rq_total']);
});

test('a histogram shows what was recorded after the next flush, by the bounds that its name has', () => {
  let now = 0;
  const stats = storeOf(
    {
      statsFlushInterval: '1s',
      statsConfig: { histogramBucketSettings: [{ match: { suffix: 'rq_time' }, buckets: [100, 1000] }] },
    },
    () => now,
  );
  const times = stats.histogram('cluster.web.upstream_rq_time');
  for (const ms of [0, 95, 1000, 1049]) times.record(ms);
  expect(times.cumulative.sampleCount).toBe(0);
  now = 1_000;
  expect(times.bounds.map((bound) => times.cumulative.countBelow(bound))).toEqual([2, 4]);
  expect([0, 0.5, 1].map((share) => times.interval.quantile(share))).toEqual([0, 95.5, 1000 + 200 / 3]);
  now = 2_000;
  expect([times.interval.sampleCount, times.cumulative.sampleCount]).toEqual([0, 4]);
});
