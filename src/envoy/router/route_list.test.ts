import * as re2 from 're2js';
import { expect, test } from 'vitest';
import { seededRandom, type Random } from '#sim';
import { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import { RecordingTrace } from '../trace.ts';
import { Route } from './route.ts';
import { RouteList } from './route_list.ts';
import type { RouteFacts } from './route_match.ts';
import { linkLibrary } from '../linked_library.ts';

linkLibrary('re2', re2);

const facts = { dynamicMetadata: {}, filterState: new Map() } as unknown as RouteFacts;
const WORDS = ['/', '/a', '/a/', '/a/b', '/A', '/ab', '/b', ''];
const pick = (random: Random): string => WORDS[random.below(WORDS.length)]!;

function anyMatch(random: Random): Record<string, unknown> {
  const text = pick(random);
  const kinds = [
    { prefix: text },
    { path: text },
    { pathSeparatedPrefix: '/a' },
    { prefix: text, caseSensitive: false },
    { path: text, caseSensitive: false },
    { safeRegex: { regex: `${text}.*` } },
    { prefix: text, headers: [{ name: 'x', presentMatch: true }] },
  ];
  return kinds[random.below(kinds.length)]!;
}

const listOf = (matches: readonly Record<string, unknown>[]): RouteList =>
  new RouteList(
    matches.map(
      (match, i) =>
        new Route(new ConfigNode({ name: `r${i}`, match } as never, { resource: 'r', path: ['routes', i] })),
    ),
  );

test('the index finds the route that trying one after the other finds, for two thousand lists of routes', () => {
  const random = seededRandom('routes');
  for (let i = 0; i < 2_000; i++) {
    const list = listOf(Array.from({ length: 12 }, () => anyMatch(random)));
    const path = pick(random) + pick(random) + (random.below(4) === 0 ? '?q=/a' : '');
    const request = new HeaderMap([
      [':method', 'GET'],
      [':path', path],
      ...(random.below(2) ? [['x', '1'] as const] : []),
    ]);
    const told = list.first(request, random, facts, new RecordingTrace(() => 0));
    expect(list.first(request, random, facts, undefined)?.name).toBe(told?.name);
  }
});

test('what came after the route that won is told as not reached, or as one that can never match', () => {
  const trace = new RecordingTrace(() => 0);
  const list = listOf([{ prefix: '/api' }, { prefix: '/api/v2' }, { prefix: '/' }]);
  list.first(
    new HeaderMap([
      [':method', 'GET'],
      [':path', '/api/v2/x'],
    ]),
    seededRandom('1'),
    facts,
    trace,
  );
  expect(trace.records.map((one) => `${one.state}: ${one.sentence}`)).toEqual([
    'matched: Route `r0` is the first that matches GET /api/v2/x.',
    'shadowed: Route `r1` can never match: route `r0` before it takes every path that starts with /api.',
    'not_reached: Route `r2` was not tried: an earlier route won.',
  ]);
});
