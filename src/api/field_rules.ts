import type { DescField } from '@bufbuild/protobuf';
import type { Rules } from './api.ts';
import { durationMs, type Json } from './json.ts';

type RuleValues = Readonly<Record<string, unknown>>;

/** What a value breaks of its `validate.rules`, or undefined. Unset scalars are judged by their default, as Envoy does. */
export function brokenRule(value: Json | undefined, rules: Rules, field: DescField): string | undefined {
  const kind = rules.type.case;
  const limits = rules.type.value;
  if (kind === undefined || limits === undefined) return undefined;
  if (kind === 'repeated') return brokenCount(Array.isArray(value) ? value.length : 0, limits);
  if (field.fieldKind === 'list' || field.fieldKind === 'map') return undefined;
  if (kind === 'string') return brokenText(typeof value === 'string' ? value : '', limits);
  if (kind === 'duration') return brokenNumber(durationMs(typeof value === 'string' ? value : undefined), limits, durationOf);
  if (kind === 'enum') return brokenEnum(value, limits, field);
  if (/^(u?int|s?fixed|sint|double|float)/.test(kind)) return brokenNumber(typeof value === 'number' ? value : field.message ? undefined : 0, limits, Number);
  return undefined;
}

function brokenCount(count: number, limits: RuleValues): string | undefined {
  const [min, max] = [limit(limits, 'minItems'), limit(limits, 'maxItems')];
  if (min !== undefined && count < min) return `value must contain at least ${min} item(s)`;
  return max !== undefined && count > max ? `value must contain at most ${max} item(s)` : undefined;
}

function brokenText(text: string, limits: RuleValues): string | undefined {
  if (limits['ignoreEmpty'] === true && text === '') return undefined;
  const length = [...text].length;
  const [min, max] = [limit(limits, 'minLen') ?? limit(limits, 'minBytes'), limit(limits, 'maxLen') ?? limit(limits, 'maxBytes')];
  if (min !== undefined && length < min) return `value length must be at least ${min} characters`;
  if (max !== undefined && length > max) return `value length must be at most ${max} characters`;
  const allowed = limits['in'];
  if (Array.isArray(allowed) && allowed.length > 0 && !allowed.includes(text)) return `value must be in list [${allowed.join(' ')}]`;
  return undefined;
}

function brokenNumber(value: number | undefined, limits: RuleValues, read: (limit: unknown) => number): string | undefined {
  if (value === undefined) return undefined;
  const tests: [string, string, (limit: number) => boolean][] = [
    ['gt', 'greater than', (one) => value > one], ['gte', 'greater than or equal to', (one) => value >= one],
    ['lt', 'less than', (one) => value < one], ['lte', 'less than or equal to', (one) => value <= one],
  ];
  for (const [name, words, holds] of tests) {
    const bound = limits[name];
    if (bound !== undefined && !holds(read(bound))) return `value must be ${words} ${read(bound)}`;
  }
  return undefined;
}

function brokenEnum(value: Json | undefined, limits: RuleValues, field: DescField): string | undefined {
  const number = field.enum?.values.find((one) => one.name === value)?.number ?? 0;
  const refused = limits['notIn'];
  return Array.isArray(refused) && refused.includes(number) ? `value must not be ${field.enum?.values.find((one) => one.number === number)?.name}` : undefined;
}

const limit = (limits: RuleValues, name: string): number | undefined => (limits[name] === undefined ? undefined : Number(limits[name]));

/** A protobuf Duration in milliseconds. */
function durationOf(duration: unknown): number {
  const { seconds, nanos } = duration as { seconds: bigint; nanos: number };
  return Number(seconds) * 1000 + nanos / 1e6;
}
