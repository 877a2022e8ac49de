import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { shadowsOf } from './shadowed_routes.ts';

const routes = (...matches: Record<string, unknown>[]): { match: ConfigNode }[] =>
  matches.map((value, i) => ({
    match: new ConfigNode(value as never, { resource: 'envoy.yaml', path: [i] }),
  }));
const takes = (...matches: Record<string, unknown>[]): string | undefined =>
  shadowsOf(routes(...matches)).at(-1)?.takes;

test('an earlier route without other conditions shadows what lies inside its paths', () => {
  expect(takes({ prefix: '/api' }, { prefix: '/api/v2' })).toBe('every path that starts with /api');
  expect(takes({ prefix: '/' }, { pathSeparatedPrefix: '/x' })).toBe('every path that starts with /');
  expect(takes({ pathSeparatedPrefix: '/api' }, { path: '/api' })).toBe('/api and every path below /api/');
  expect(takes({ path: '/a' }, { path: '/a' })).toBe('the path /a');
});

test('what may still get through is not called shadowed', () => {
  expect(takes({ pathSeparatedPrefix: '/api' }, { prefix: '/api' })).toBeUndefined();
  expect(takes({ prefix: '/api', headers: [{ name: 'x' }] }, { prefix: '/api' })).toBeUndefined();
  expect(takes({ prefix: '/api' }, { prefix: '/api', caseSensitive: false })).toBeUndefined();
  expect(takes({ prefix: '/api' }, { safeRegex: { regex: '/api/.*' } })).toBeUndefined();
  expect(takes({ prefix: '/api/v2' }, { prefix: '/api' })).toBeUndefined();
});
