import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { durationMs, openApi } from '#api';
import { MAX_DEPTH, MAX_DIAGNOSTICS, MAX_TEXT_LENGTH } from './limits.ts';

const api = openApi(readFileSync(new URL('./envoy-v3-1.40.0.binpb', import.meta.url)));
const read = (text: string, type = 'envoy.config.route.v3.Route') => api.read(text, { resource: 'r.yaml', type });
const said = (text: string, type?: string): string[] =>
  read(text, type).diagnostics.map(
    (one) => `${one.range?.line}:${one.range?.column} ${one.code} ${one.message}${one.help ? ` ${one.help}` : ''}`,
  );

test('a clean message comes out in normal form', () => {
  const { value, diagnostics } = read(
    'match: {prefix: /}\nroute: {cluster: web, timeout: 0.25s, priority: high, retry_policy: {num_retries: "3"}}',
  );
  expect(diagnostics).toEqual([]);
  expect(value).toEqual({
    match: { prefix: '/' },
    route: { cluster: 'web', timeout: '0.25s', priority: 'HIGH', retryPolicy: { numRetries: 3 } },
  });
});

test('every problem of a text is told at its place, not only the first', () => {
  expect(
    said(
      'match: {prefx: /}\nroute:\n  cluster: web\n  timeout: 15\n  priority: HIHG\n  include_request_attempt_count: 3\n',
    ),
  ).toEqual(
    [
      '1:8 unknown_field `match.prefx`: envoy.config.route.v3.RouteMatch has no field `prefx` Did you mean `prefix`?',
      '1:8 required `match`: envoy.config.route.v3.RouteMatch needs one of `prefix`, `path`, `safe_regex`, `connect_matcher`, `path_separated_prefix`, `path_match_policy` (path_specifier)',
      '4:12 duration `route.timeout`: expected a duration such as "1.5s", found 15 Durations are seconds and end in `s`: 250 ms is "0.25s".',
      '5:13 enum `route.priority`: the string "HIHG" is not a value of envoy.config.core.v3.RoutingPriority Did you mean `HIGH`?',
      '6:3 unknown_field `route.include_request_attempt_count`: envoy.config.route.v3.RouteAction has no field `include_request_attempt_count`',
    ].map((line) => expect.stringContaining(line.slice(line.indexOf(' ') + 1, 60)) as unknown as string),
  );
});

test('two members of a oneof exclude each other, and a missing @type is asked for', () => {
  expect(said('match: {prefix: /, path: /x}\nroute: {cluster: web}')).toEqual([
    expect.stringContaining('`path` and `prefix` exclude each other (one of path_specifier)'),
  ]);
  expect(said('match: {prefix: /}\nroute: {cluster: web}\ntyped_per_filter_config: {a: {x: 1}}')).toEqual([
    expect.stringContaining('`@type` is missing'),
  ]);
});

test('binary data, a text that is too long and broken YAML are refused with a reason', () => {
  expect(said('a\0b')).toEqual([expect.stringContaining('binary data')]);
  expect(said('x'.repeat(MAX_TEXT_LENGTH + 1))).toEqual([expect.stringContaining('at most')]);
  expect(said('match:\n\t- x')[0]).toContain('yaml');
});

test('anchors that expand without end, deep nesting and a thousand errors end in bounded work', () => {
  const levels = 'bcdefgh'
    .split('')
    .map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[i]}`).join(', ')}]`);
  const bomb = `match: {prefix: /}\ndirect_response: {status: 200}\nmetadata: {filter_metadata: {x: {a: &a [x, x, x, x, x, x, x, x, x, x], ${levels.join(', ')}}}}`;
  expect(said(bomb)).toEqual([expect.stringContaining('expand too far')]);
  expect(said(`match: ${'{and_rules: '.repeat(MAX_DEPTH * 2)}1${'}'.repeat(MAX_DEPTH * 2)}`).length).toBeGreaterThan(0);
  const many = Array.from({ length: MAX_DIAGNOSTICS + 50 }, (_, i) => `bad${i}: 1`).join('\n');
  expect(read(many).diagnostics.length).toBe(MAX_DIAGNOSTICS);
});

test('durations are read in milliseconds', () => {
  expect([durationMs('0.250s'), durationMs('3s'), durationMs('250ms'), durationMs(undefined)]).toEqual([
    250,
    3000,
    undefined,
    undefined,
  ]);
});

test('a key with the tag !ignore is passed over, with the anchors that it holds', () => {
  expect(read('!ignore shared:\n- &cluster web\nmatch: {prefix: /}\nroute: {cluster: *cluster}\n')).toMatchObject({
    value: { match: { prefix: '/' }, route: { cluster: 'web' } },
    diagnostics: [],
  });
});
