import { expect, test } from 'vitest';
import type { JsonObject } from '#api';
import { ConfigNode } from '../config_node.ts';
import { StatsStore } from '../stats/store.ts';
import { Runtime } from './runtime.ts';

const LAYERS: JsonObject[] = [
  { name: 'base', staticLayer: { shop: { new: 0, share: { numerator: 5, denominator: 'TEN_THOUSAND' } } } },
  { name: 'admin', adminLayer: {} },
  { name: 'live', rtdsLayer: { name: 'shop' } },
];
const made = (): { runtime: Runtime; stats: StatsStore } => {
  const stats = new StatsStore();
  const bootstrap = new ConfigNode({ layeredRuntime: { layers: LAYERS } }, { resource: 'envoy.yaml', path: [] });
  return { runtime: new Runtime(bootstrap, stats), stats };
};

test('a later layer counts, the admin layer at its own place', () => {
  const { runtime } = made();
  expect(runtime.modify(new Map([['shop.new', '100']]))).toBe(true);
  expect(runtime.integer('shop.new', 1)).toBe(100);
  runtime.setLayer('live', { shop: { new: 7 } });
  expect(runtime.integer('shop.new', 1)).toBe(7);
  runtime.setLayer('live', {});
  runtime.modify(new Map([['shop.new', '']]));
  expect(runtime.integer('shop.new', 1)).toBe(0);
  expect(runtime.fraction('shop.share', { numerator: 0, denominator: 100 })).toEqual({
    numerator: 5,
    denominator: 10_000,
  });
});

test('each load counts, with the keys and layers that there are', () => {
  const { runtime, stats } = made();
  runtime.setLayer('live', { a: 1 });
  const names = ['load_success', 'num_layers', 'num_keys', 'admin_overrides_active'];
  expect(names.map((name) => stats.snapshot().get(`runtime.${name}`))).toEqual([3, 3, 3, 0]);
});
