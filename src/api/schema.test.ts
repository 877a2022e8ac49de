import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi, type TypeUrlAt } from '#api';

const api = openApi(readFileSync(new URL('./envoy-v3-1.40.0.binpb', import.meta.url)));
const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const nowhere: TypeUrlAt = () => undefined;

test('a message offers its fields, with their kinds, values and oneofs', () => {
  const schema = api.schemaAt(BOOTSTRAP, ['static_resources', 'clusters', 0], nowhere);
  expect(schema?.message).toBe('envoy.config.cluster.v3.Cluster');
  const field = (name: string) => schema?.fields.find((one) => one.name === name);
  expect(field('name')).toEqual({
    name: 'name',
    type: 'string',
    form: 'scalar',
    values: [],
    oneof: undefined,
    isRequired: false,
    deprecation: undefined,
    documentation: 'envoy.config.cluster.v3.Cluster.name',
  });
  expect([field('connect_timeout')?.type, field('connect_timeout')?.form]).toEqual([
    'duration such as 0.25s',
    'scalar',
  ]);
  expect(field('type')?.values).toEqual(['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST']);
  expect([field('type')?.oneof, field('health_checks')?.form]).toEqual(['cluster_discovery_type', 'list']);
});

test('an Any offers the fields of the message that its @type names, and nothing before it names one', () => {
  const path = ['static_resources', 'listeners', 0, 'filter_chains', 0, 'filters', 0, 'typed_config'];
  const named = api.schemaAt(BOOTSTRAP, path, (at) => (at.length === path.length ? HCM : undefined));
  expect([named?.isAny, named?.fields.some((one) => one.name === 'stat_prefix')]).toEqual([true, true]);
  const unnamed = api.schemaAt(BOOTSTRAP, path, nowhere);
  expect([unnamed?.isAny, unnamed?.fields]).toEqual([true, []]);
});

test('a field that is no message has a value of its own, and what no message has is nowhere', () => {
  const timeout = api.schemaAt('envoy.config.route.v3.RouteAction', ['timeout'], nowhere);
  expect([timeout?.fields, timeout?.field?.documentation]).toEqual([[], 'envoy.config.route.v3.RouteAction.timeout']);
  expect(api.schemaAt(BOOTSTRAP, ['static_resources', 'clustrs'], nowhere)).toBeUndefined();
});

test('every extension can be named by @type', () => {
  expect(api.typeUrls()).toContain(HCM);
});
