import type { Json } from '#api';
import { isCelList, isCelMap, isCelUint } from '@bufbuild/cel';
import { base64Encode } from '@bufbuild/protobuf/wire';
import { isReflectMessage } from '@bufbuild/protobuf/reflect';
import {
  durationMs,
  DurationSchema,
  TimestampSchema,
  timestampDate,
  type Duration,
  type Timestamp,
} from '@bufbuild/protobuf/wkt';

const MS_OF = { h: 3_600_000, m: 60_000, s: 1000 } as const;

/** A value as text: filters/common/expr/evaluator.cc, `print`. */
export function print(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return String.fromCharCode(...value);
  if (isCelUint(value)) return String(value.value);
  if (isCelList(value)) return 'CelList value';
  if (isCelMap(value)) return 'CelMap value';
  if (isReflectMessage(value, DurationSchema)) return durationText(durationMs(value.message as Duration));
  if (isReflectMessage(value, TimestampSchema))
    return timestampDate(value.message as Timestamp)
      .toISOString()
      .replace('.000Z', '+00:00');
  return typeof value === 'object' ? '' : String(value);
}

/** A value as JSON: what has no form of its own there is a text. */
export function json(value: unknown): Json | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return base64Encode(value);
  if (isCelUint(value)) return Number(value.value);
  if (isCelList(value)) return [...value].map((one) => json(one) ?? null);
  if (isCelMap(value)) return Object.fromEntries([...value].map(([key, one]) => [String(key), json(one) ?? null]));
  return print(value);
}

/** absl::FormatDuration: `1h30m1.5s`. */
function durationText(ms: number): string {
  if (ms === 0) return '0';
  if (Math.abs(ms) < MS_OF.s) return `${ms}ms`;
  let [text, rest] = [ms < 0 ? '-' : '', Math.abs(ms)];
  for (const unit of ['h', 'm'] as const) {
    const count = Math.floor(rest / MS_OF[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * MS_OF[unit];
  }
  return rest === 0 ? text : `${text}${rest / MS_OF.s}s`;
}
