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

test('a single value stands for a list of one, and scalars are read as leniently as Envoy reads them', () => {
  const { value, diagnostics } = read(
    'match: {prefix: /, headers: {name: x, present_match: "yes"}}\nroute: {cluster: 1.50, priority: "1", max_internal_redirects: {value: 0x10}, retry_policy: {num_retries: "2e0", retriable_status_codes: 503}}\n',
  );
  expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  expect(value).toEqual({
    match: { prefix: '/', headers: [{ name: 'x', presentMatch: true }] },
    route: {
      cluster: '1.50',
      priority: 'HIGH',
      maxInternalRedirects: 16,
      retryPolicy: { numRetries: 2, retriableStatusCodes: [503] },
    },
  });
});

test('numbers out of range, fractions of whole numbers and text that is no base64 are refused at their place', () => {
  const address = (port: string) =>
    said(`address: 127.0.0.1\nport_value: ${port}\n`, 'envoy.config.core.v3.SocketAddress');
  expect(address('80.5')).toEqual(['2:13 type `port_value`: expected a whole number, found the string "80.5"']);
  expect(address('-1')).toEqual(['2:13 type `port_value`: expected a whole number from 0 to 4294967295, found -1']);
  expect(said('inline_bytes: "***"', 'envoy.config.core.v3.DataSource')).toEqual([
    '1:15 type `inline_bytes`: expected bytes in base64, found the string "***"',
  ]);
});

test('what Envoy passes over in silence is a warning: a key that stands twice, a second document', () => {
  expect(said('id: a\nid: b\n', 'envoy.config.core.v3.Node')).toEqual([
    '2:1 duplicate_key This key stands twice in its mapping: Envoy takes the last one without a word. Remove one of them.',
  ]);
  expect(said('id: a\n---\nid: b\n', 'envoy.config.core.v3.Node')).toEqual([
    '2:1 more_documents Envoy reads only the first document of a file: what follows `---` counts for nothing.',
  ]);
});

test('merge keys are refused, since Envoy does not know them', () => {
  expect(said('<<: {id: a}\n', 'envoy.config.core.v3.Node')).toEqual([
    '1:1 unknown_field `<<`: envoy.config.core.v3.Node has no field `<<` Envoy reads no merge keys: write the fields out.',
  ]);
});

test('a problem behind an anchor, or inside a TypedStruct, is told where it is written', () => {
  expect(said('id: &x\ncluster: a\nlocality: &l {regon: eu}\n', 'envoy.config.core.v3.Node')[0]).toContain('3:');
  const typed =
    'a:\n  "@type": type.googleapis.com/xds.type.v3.TypedStruct\n  type_url: type.googleapis.com/envoy.config.core.v3.Node\n  value:\n    idd: 3\n';
  const extension = `name: x\ntyped_config:\n${typed.split('\n').slice(1).join('\n')}`;
  expect(said(extension, 'envoy.config.core.v3.TypedExtensionConfig')).toEqual([
    expect.stringContaining('6:10 unknown_field `typed_config.idd`'),
  ]);
});
