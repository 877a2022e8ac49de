import type { DescField } from '@bufbuild/protobuf';
import type { Rules } from './descriptors.ts';
import { durationMs, type Json } from './json.ts';

type RuleValues = Readonly<Record<string, unknown>>;

/** One broken rule: the words of Envoy's validator, and how far inside the field it is. */
export interface Broken {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** What a value breaks of its `validate.rules`. Unset scalars are judged by their default, as Envoy does. */
export function brokenRules(value: Json | undefined, rules: Rules, field: DescField): Broken[] {
  const { case: kind, value: limits } = rules.type;
  if (kind === undefined || limits === undefined) return [];
  if (kind === 'repeated') return brokenList(Array.isArray(value) ? value : [], limits, field);
  if (kind === 'map') return brokenMap(isObject(value) ? value : {}, limits, field);
  if (field.fieldKind === 'list' || field.fieldKind === 'map') return [];
  const text = brokenSingle(value, kind, limits, field);
  return text === undefined ? [] : [{ text, path: [] }];
}

type Judge = (value: Json | undefined, limits: RuleValues, field: DescField) => string | undefined;

const brokenString: Judge = (value, limits, field) =>
  brokenText(typeof value === 'string' ? value : '', limits, value === undefined && field.message !== undefined);

const JUDGES: Readonly<Record<string, Judge>> = {
  string: brokenString,
  bytes: brokenString,
  duration: (value, limits) =>
    brokenNumber(durationMs(typeof value === 'string' ? value : undefined), limits, durationOf),
  enum: (value, limits, field) => brokenEnum(value, limits, field),
  bool: (value, limits) =>
    'const' in limits && value !== limits['const'] ? `value must equal ${String(limits['const'])}` : undefined,
  any: (value, limits) => brokenAny(value, limits),
};

function brokenSingle(value: Json | undefined, kind: string, limits: RuleValues, field: DescField): string | undefined {
  const judge = JUDGES[kind];
  if (judge) return judge(value, limits, field);
  const isNumber = /^(u?int|s?fixed|sint|double|float)/.test(kind);
  return isNumber
    ? brokenNumber(typeof value === 'number' ? value : field.message ? undefined : 0, limits, Number)
    : undefined;
}

function brokenList(list: readonly Json[], limits: RuleValues, field: DescField): Broken[] {
  if (limits['ignoreEmpty'] === true && list.length === 0) return [];
  const count = brokenCount(list.length, limits, 'Items', 'item(s)');
  const items = limits['items'] as Rules | undefined;
  const isTwice = limits['unique'] === true && new Set(list.map((one) => JSON.stringify(one))).size < list.length;
  const inner = items?.type.case === undefined ? [] : list.flatMap((one, i) => brokenAt(one, items, field, i));
  return [
    ...(count === undefined ? [] : [{ text: count, path: [] }]),
    ...(isTwice ? [{ text: 'repeated value must contain unique items', path: [] }] : []),
    ...inner,
  ];
}

function brokenMap(map: Record<string, Json>, limits: RuleValues, field: DescField): Broken[] {
  const count = brokenCount(Object.keys(map).length, limits, 'Pairs', 'pair(s)');
  const [keys, values] = [limits['keys'] as Rules | undefined, limits['values'] as Rules | undefined];
  const inner = Object.entries(map).flatMap(([key, one]) => [
    ...(keys ? brokenAt(key, keys, field, key) : []),
    ...(values ? brokenAt(one, values, field, key) : []),
  ]);
  return [...(count === undefined ? [] : [{ text: count, path: [] }]), ...inner];
}

function brokenAt(value: Json, rules: Rules, field: DescField, step: string | number): Broken[] {
  const { case: kind, value: limits } = rules.type;
  const text = kind === undefined ? undefined : brokenSingle(value, kind, { ...limits }, field);
  return text === undefined ? [] : [{ text, path: [step] }];
}

function brokenCount(count: number, limits: RuleValues, of: 'Items' | 'Pairs', word: string): string | undefined {
  const [min, max] = [limit(limits, `min${of}`), limit(limits, `max${of}`)];
  if (min !== undefined && count < min) return `value must contain at least ${min} ${word}`;
  return max !== undefined && count > max ? `value must contain at most ${max} ${word}` : undefined;
}

const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
const HEADER_VALUE = /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/;

const patterns = new Map<string, RegExp>();
/** The rules' own patterns are few and plain: they mean the same to RE2 and to JavaScript. */
function patternOf(text: string): RegExp {
  let pattern = patterns.get(text);
  if (!pattern) patterns.set(text, (pattern = new RegExp(text)));
  return pattern;
}

type TextTest = (text: string, limits: RuleValues) => string | undefined;

const TEXT_TESTS: readonly TextTest[] = [
  (text, limits) =>
    'const' in limits && text !== limits['const'] ? `value must equal ${String(limits['const'])}` : undefined,
  (text, limits) => {
    const length = [...text].length;
    const [min, max] = [limit(limits, 'minLen'), limit(limits, 'maxLen')];
    if (min !== undefined && length < min) return `value length must be at least ${min} characters`;
    return max !== undefined && length > max ? `value length must be at most ${max} characters` : undefined;
  },
  (text, limits) => {
    const bytes = new TextEncoder().encode(text).length;
    const [min, max] = [limit(limits, 'minBytes'), limit(limits, 'maxBytes')];
    if (min !== undefined && bytes < min) return `value length must be at least ${min} bytes`;
    return max !== undefined && bytes > max ? `value length must be at most ${max} bytes` : undefined;
  },
  (text, limits) =>
    typeof limits['pattern'] === 'string' && !patternOf(limits['pattern']).test(text)
      ? `value does not match regex pattern "${limits['pattern']}"`
      : undefined,
  (text, limits) =>
    typeof limits['prefix'] === 'string' && !text.startsWith(limits['prefix'])
      ? `value does not have prefix ${limits['prefix']}`
      : undefined,
  (text, limits) =>
    typeof limits['suffix'] === 'string' && !text.endsWith(limits['suffix'])
      ? `value does not have suffix ${limits['suffix']}`
      : undefined,
  (text, limits) => {
    const [allowed, refused] = [limits['in'], limits['notIn']];
    if (Array.isArray(allowed) && allowed.length > 0 && !allowed.includes(text))
      return `value must be in list [${allowed.join(' ')}]`;
    return Array.isArray(refused) && refused.includes(text)
      ? `value must not be in list [${refused.join(' ')}]`
      : undefined;
  },
  (text, limits) =>
    brokenWellKnown(
      text,
      limits['wellKnown'] as { case?: string; value?: unknown } | undefined,
      limits['strict'] !== false,
    ),
];

function brokenText(text: string, limits: RuleValues, isUnset: boolean): string | undefined {
  if (isUnset || (limits['ignoreEmpty'] === true && text === '')) return undefined;
  for (const test of TEXT_TESTS) {
    const broken = test(text, limits);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

const NAME_RULE = 1;
const VALUE_RULE = 2;

function brokenWellKnown(
  text: string,
  rule: { case?: string; value?: unknown } | undefined,
  isStrict: boolean,
): string | undefined {
  if (rule?.case === 'uri') return /^[a-z][a-z0-9+.-]*:/i.test(text) ? undefined : 'value must be absolute';
  if (rule?.case !== 'wellKnownRegex') return undefined;
  // Without strict only what would end a header line is refused.
  const loose = /[\u0000\n\r]/;
  if (!isStrict) return loose.test(text) ? 'value does not match regex pattern "^[^\\u0000\\n\\r]*$"' : undefined;
  if (rule.value === NAME_RULE && text !== '' && !HEADER_NAME.test(text))
    return 'value does not match regex pattern of a header name';
  return rule.value === VALUE_RULE && !HEADER_VALUE.test(text)
    ? 'value does not match regex pattern of a header value'
    : undefined;
}

function brokenAny(value: Json | undefined, limits: RuleValues): string | undefined {
  const allowed = limits['in'];
  const url = isObject(value) ? value['@type'] : undefined;
  return Array.isArray(allowed) && allowed.length > 0 && url !== undefined && !allowed.includes(url)
    ? 'type URL must be in the list of allowed ones'
    : undefined;
}

function brokenNumber(
  value: number | undefined,
  limits: RuleValues,
  read: (limit: unknown) => number,
): string | undefined {
  if (value === undefined) return undefined;
  const tests: [string, string, (limit: number) => boolean][] = [
    ['const', 'equal to', (one) => value === one],
    ['gt', 'greater than', (one) => value > one],
    ['gte', 'greater than or equal to', (one) => value >= one],
    ['lt', 'less than', (one) => value < one],
    ['lte', 'less than or equal to', (one) => value <= one],
  ];
  for (const [name, words, holds] of tests) {
    const bound = limits[name];
    if (bound !== undefined && !holds(read(bound))) return `value must be ${words} ${read(bound)}`;
  }
  const allowed = limits['in'];
  return Array.isArray(allowed) && allowed.length > 0 && !allowed.some((one) => read(one) === value)
    ? `value must be in list [${allowed.map(read).join(' ')}]`
    : undefined;
}

function brokenEnum(value: Json | undefined, limits: RuleValues, field: DescField): string | undefined {
  const number = field.enum?.values.find((one) => one.name === value)?.number ?? 0;
  const refused = limits['notIn'];
  return Array.isArray(refused) && refused.includes(number)
    ? `value must not be in list [${field.enum?.values.find((one) => one.number === number)?.name}]`
    : undefined;
}

const limit = (limits: RuleValues, name: string): number | undefined =>
  limits[name] === undefined ? undefined : Number(limits[name]);

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A protobuf Duration in milliseconds. */
function durationOf(duration: unknown): number {
  const { seconds, nanos } = duration as { seconds: bigint; nanos: number };
  return Number(seconds) * 1000 + nanos / 1e6;
}
