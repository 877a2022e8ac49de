import { expect, test } from 'vitest';
import { HTTP_FILTER_REGISTRY, HttpFilterNotLinked, httpFiltersIn, linkHttpFilters } from './http_filters.ts';

const CORS = 'envoy.extensions.filters.http.cors.v3.Cors';
const BUFFER = 'envoy.extensions.filters.http.buffer.v3.Buffer';

test('a filter whose code is not linked says which, and is there once it is; what Envoy does not have either is not found', async () => {
  expect(() => HTTP_FILTER_REGISTRY.get(CORS)).toThrow(new HttpFilterNotLinked(CORS));
  const linked = await linkHttpFilters([CORS]);
  expect(linked.map(({ type }) => type)).toEqual([CORS]);
  expect(HTTP_FILTER_REGISTRY.get(CORS)).toBe(linked[0]);
  expect(HTTP_FILTER_REGISTRY.get('envoy.extensions.filters.http.none.v3.None')).toBeUndefined();
});

test('the filters of a configuration are found by the messages that configure them, wherever those stand', () => {
  const text = `typed_config: {"@type": type.googleapis.com/${CORS}}\nother: {"@type": type.googleapis.com/${BUFFER}}`;
  expect(httpFiltersIn(text)).toEqual([BUFFER, CORS]);
  expect(httpFiltersIn('nothing')).toEqual([]);
});

test('each filter is linked under the message that its factory reads', async () => {
  const all = await linkHttpFilters();
  expect(all.map(({ type }) => type)).toEqual([...new Set(all.map(({ type }) => type))]);
  for (const factory of all) expect(HTTP_FILTER_REGISTRY.get(factory.type)).toBe(factory);
});
