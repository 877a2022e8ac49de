import type { Json } from '#api';
import { operatorOf } from './command_operators.ts';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';

/** `%NAME%`, `%NAME(argument)%`, `%NAME(argument):LENGTH%`; `%%` is a percent sign. */
const COMMAND = /%%|%([A-Z][A-Z0-9_]*)(?:\(([^)]*(?:\)[^):%]*)*)\))?(?::(\d+))?%/g;

interface Command {
  readonly operator: Operator | undefined;
  readonly argument: string;
  readonly length: number | undefined;
}

type Part = string | Command;

/** Formats that were read before: each is read once, however many lines it writes. */
const known = new Map<string, readonly Part[]>();

function partsOf(text: string): readonly Part[] {
  let parts = known.get(text);
  if (!parts) known.set(text, (parts = read(text)));
  return parts;
}

function read(text: string): Part[] {
  const parts: Part[] = [];
  let position = 0;
  for (const found of text.matchAll(COMMAND)) {
    if (found.index > position) parts.push(text.slice(position, found.index));
    position = found.index + found[0].length;
    const [, name, argument, length] = found;
    parts.push(name === undefined ? '%' : commandOf(name, argument, length));
  }
  if (position < text.length) parts.push(text.slice(position));
  return parts;
}

const commandOf = (name: string, argument = '', length?: string): Command => ({
  operator: name === 'COALESCE' ? coalesce(argument) : operatorOf(name),
  argument,
  length: length === undefined ? undefined : Number(length),
});

/** `{"operators": ["NAME", {"command": "REQ", "param": "x", "max_length": 8}]}`: the first that has a value. */
function coalesce(argument: string): Operator {
  const { operators } = JSON.parse(argument) as {
    operators: (string | { command: string; param?: string; max_length?: number })[];
  };
  const commands = operators.map((one) =>
    typeof one === 'string' ? commandOf(one) : commandOf(one.command, one.param, one.max_length?.toString()),
  );
  return (context) => {
    for (const command of commands) {
      const value = valueOf(command, context);
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
}

function valueOf({ operator, argument, length }: Command, context: FormatterContext): Value {
  const value = operator?.(context, argument);
  return typeof value === 'string' && length !== undefined ? value.slice(0, length) : value;
}

/** Text as it is, the rest as JSON. */
const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A text with command operators in it, filled in; `missing` stands for what has no value. */
export function expand(template: string, context: FormatterContext, missing = ''): string {
  const parts = partsOf(template);
  if (parts.length === 1 && typeof parts[0] === 'string') return parts[0];
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : textOf(valueOf(part, context) ?? missing);
  return text;
}

/** The value of a text that is one operator and nothing else keeps its type; undefined is a text with more in it. */
export function soleValue(template: string, context: FormatterContext): { value: Value } | undefined {
  const [part, more] = partsOf(template);
  return part === undefined || typeof part === 'string' || more !== undefined
    ? undefined
    : { value: valueOf(part, context) };
}
