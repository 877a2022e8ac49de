import { readdirSync, readFileSync } from 'node:fs';
import YAML from 'yaml';
import type { Json, JsonObject } from '#api';
import { seededRandom, type Random } from '#sim';
import type { RequestSpec, Scenario } from '#world';

type RecordedScenario = Scenario & { readonly kind: string; readonly name: string; readonly area: string };

const root = new URL('./conformance/vectors/', import.meta.url);

/** The scenarios that were recorded: configurations as people write them, from which others can be made. */
const ALL: readonly RecordedScenario[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, root), 'utf8')) as RecordedScenario);

/** Those whose text is YAML at all. */
export const RECORDED = ALL.filter(
  ({ config }) =>
    YAML.parseDocument(config, { merge: true, logLevel: 'silent' }).errors.length === 0 && !config.includes('*x'),
);

export const PLAYABLE = RECORDED.filter((one) => one.kind === 'envoy');

export const configOf = (scenario: Scenario): JsonObject =>
  (YAML.parse(scenario.config, { merge: true, logLevel: 'silent' }) ?? {}) as JsonObject;

const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

/** Values that nobody would write on purpose, of every kind. */
const ODD_VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  4294967296,
  1e300,
  '',
  'x',
  '%',
  '%REQ%',
  '0s',
  '-1s',
  '1e9s',
  '*',
  '/',
  '((',
  '\u0000',
  'é',
  [],
  [[]],
  {},
  { a: {} },
  'x'.repeat(5000),
  'type.googleapis.com/nothing',
  '127.0.0.1',
  '999.1.1.1',
  '::1',
];

/** One small change somewhere in a configuration: a value, a key, a missing or a doubled part. */
export function mutated(random: Random, config: JsonObject): JsonObject {
  const copy = structuredClone(config);
  const parents = containersOf(copy);
  for (let changes = 1 + random.below(3); changes > 0; changes--) change(random, pick(random, parents));
  return copy;
}

function containersOf(value: Json, found: (JsonObject | Json[])[] = []): (JsonObject | Json[])[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value);
  for (const one of Object.values(value)) containersOf(one, found);
  return found;
}

function change(random: Random, parent: JsonObject | Json[]): void {
  if (Array.isArray(parent)) {
    const i = random.below(parent.length + 1);
    const kind = random.below(3);
    if (kind === 0) parent.splice(i, 1);
    else if (kind === 1) parent.splice(i, 0, structuredClone(parent[i] ?? pick(random, ODD_VALUES)));
    else parent[i] = pick(random, ODD_VALUES);
    return;
  }
  const keys = Object.keys(parent);
  const key = keys.length === 0 ? 'x' : pick(random, keys);
  const kind = random.below(4);
  if (kind === 0) delete parent[key];
  else if (kind === 1) parent[key] = pick(random, ODD_VALUES);
  else if (kind === 2) parent[`${key}x`] = parent[key] ?? null;
  else parent[key] = [structuredClone(parent[key] ?? null)];
}

const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT', 'PUT', 'get', 'X'.repeat(300), ''];
const PATHS = [
  '/',
  '',
  '*',
  '//',
  '/../..',
  '/%00',
  '/%',
  '/a?b=c&b',
  '/a#b',
  'http://x/y',
  `/${'a'.repeat(9000)}`,
  '/é',
];
const NAMES = [
  'x',
  'host',
  'Connection',
  'content-length',
  'transfer-encoding',
  'x-forwarded-for',
  'cookie',
  ':path',
  'a_b',
  'upgrade',
];
const VALUES = [
  '',
  'x',
  '-1',
  '1,2',
  'chunked',
  'close, upgrade',
  '1.2.3.4, ::1, x',
  'a=b; a=c; =',
  'x'.repeat(3000),
  '%00',
];
const RAW = [
  'GET / HTTP/1.1\r\n',
  'host: x\r\n',
  '\r\n',
  '\n',
  'POST * HTTP/1.0\r\n',
  'content-length: 5\r\n',
  'abc',
  ': x\r\n',
  'PRI * HTTP/2.0\r\n',
  ' \u0000',
];

/** A request that a careless or hostile client could send. */
export function oddRequest(random: Random, to: string): RequestSpec {
  if (random.below(4) === 0)
    return { to, raw: Array.from({ length: 1 + random.below(6) }, () => pick(random, RAW)).join('') };
  const headers = Array.from(
    { length: random.below(6) },
    () => [pick(random, NAMES), pick(random, VALUES)] as [string, string],
  );
  return {
    to,
    method: pick(random, METHODS),
    path: pick(random, PATHS),
    authority: pick(random, [null, '', 'shop.example', 'a.example:80', '*', 'x y', '[::1]:80']),
    headers,
    protocol: pick(random, ['http1', 'http2'] as const),
    ...(random.below(2) ? { body: pick(random, ['', 'x', 'x'.repeat(100_000)]) } : {}),
    ...(random.below(8) === 0 ? { abort_after_ms: random.below(50) } : {}),
  };
}

/** The streams of chance that these tests draw from, one each by its number. */
export const streamOf = (name: string, number: number): Random => seededRandom(`${name}/${number}`);
