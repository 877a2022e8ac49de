import { expect, test } from 'vitest';
import type { JsonObject } from '#api';
import { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import { compileScopeKey, keyOfScope } from './scope_key.ts';

const nodeOf = (value: JsonObject): ConfigNode => new ConfigNode(value, { resource: 'envoy.yaml', path: [] });
const extractor = (value: JsonObject): JsonObject => ({ headerValueExtractor: value });
const keyed = (fragments: JsonObject[], ...headers: [string, string][]) =>
  compileScopeKey(nodeOf({ fragments }))(new HeaderMap(headers));

test('a key has a fragment for each builder, of the first value of its header', () => {
  const fragments = [
    extractor({ name: 'X-Tags', elementSeparator: ',', index: 1 }),
    extractor({ name: ':authority', index: 0 }),
  ];
  const found = keyed(fragments, ['x-tags', 'a,gold,b'], ['x-tags', 'x,silver'], [':authority', 'shop']);
  expect(found).toEqual({ key: '["gold","shop"]' });
  expect(keyOfScope(nodeOf({ key: { fragments: [{ stringKey: 'gold' }, { stringKey: 'shop' }] } }))).toBe(
    '["gold","shop"]',
  );
});

test('of an element with the key comes all behind the first separator', () => {
  const fragments = [extractor({ name: 'x', elementSeparator: ';', element: { separator: '=', key: 'plan' } })];
  expect(keyed(fragments, ['x', 'a=b;plan=gold=x;plan=free'])).toEqual({ key: '["gold=x"]' });
});

test('a request that has nothing for a fragment says of which header', () => {
  const fragments = [extractor({ name: 'x', elementSeparator: ',', index: 2 })];
  const missing = { resource: 'envoy.yaml', path: ['fragments', 0, 'header_value_extractor'] };
  expect(keyed(fragments)).toEqual({ missing, header: 'x' });
  expect(keyed(fragments, ['x', 'a,b'])).toEqual({ missing, header: 'x' });
});
