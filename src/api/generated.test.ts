import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { ENVOY_VERSION, openApi, type Message } from '#api';
import { typesOf } from '../../scripts/envoy_api/types.mjs';

const file = (name: string): URL => new URL(name, import.meta.url);
const descriptors = readFileSync(file(`./envoy-v3-${ENVOY_VERSION}.binpb`));

test('the types are those that the generator makes of the descriptors', async () => {
  const style = await resolveConfig(file('./messages.ts'));
  const made = (typesOf as (set: Uint8Array, version: string) => string)(descriptors, ENVOY_VERSION);
  expect(await format(made, { ...style, parser: 'typescript' })).toBe(readFileSync(file('./messages.ts'), 'utf8'));
});

test('a message that the types allow is one that the reader takes', () => {
  const route: Message<'envoy.config.route.v3.Route'> = {
    match: {
      path_separated_prefix: '/cart',
      runtime_fraction: { default_value: { numerator: 5, denominator: 'HUNDRED' } },
    },
    route: { cluster: 'cart', timeout: '0.25s', priority: 'HIGH' },
  };
  const read = openApi(descriptors).read(JSON.stringify(route), { resource: 'r', type: 'envoy.config.route.v3.Route' });
  expect(read.diagnostics).toEqual([]);
});

test('fields and messages have their documentation, as Markdown', () => {
  const docs = JSON.parse(readFileSync(file(`./envoy-v3-${ENVOY_VERSION}-docs.json`), 'utf8')) as Record<
    string,
    string
  >;
  expect(docs['envoy.config.route.v3.RouteMatch.prefix']).toBe(
    'If specified, the route is a prefix rule meaning that the prefix must\nmatch the beginning of the `:path` header.',
  );
  expect(Object.keys(docs).length).toBeGreaterThan(6_000);
});
