import { coalesced } from './coalesce.ts';
import { operatorOf } from './command_operators.ts';
import { parseCommands, type WrittenCommand } from './command_syntax.ts';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';

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

/** What is no command stays as it is. */
const read = (text: string): Part[] =>
  [...parseCommands(text)].map((part) =>
    typeof part === 'string' ? part : 'brokenAt' in part ? text.slice(part.brokenAt) : commandOf(part),
  );

const commandOf = ({ name, argument, length }: WrittenCommand): Command => ({
  operator: name === 'COALESCE' ? coalesce(argument) : operatorOf(name),
  argument,
  length,
});

/** The first that has a value. */
function coalesce(argument: string): Operator {
  const read = coalesced(argument);
  const commands = 'fault' in read ? [] : read.commands.map(commandOf);
  return (context) => {
    for (const command of commands) {
      const value = valueOf(command, context);
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
}

/** With the type that it has in JSON, where only a text is cut. */
function valueOf({ operator, argument, length }: Command, context: FormatterContext): Value {
  const value = operator?.(context, argument);
  return typeof value === 'string' && length !== undefined ? value.slice(0, length) : value;
}

/** Text as it is, the rest as JSON, cut to the length. */
function textOf({ operator, argument, length }: Command, context: FormatterContext): string | undefined {
  const value = operator?.(context, argument);
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return length === undefined ? text : text.slice(0, length);
}

/** A text with command operators in it, filled in; `missing` stands for what has no value. */
export function expand(template: string, context: FormatterContext, missing = ''): string {
  const parts = partsOf(template);
  if (parts.length === 1 && typeof parts[0] === 'string') return parts[0];
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : (textOf(part, context) ?? missing);
  return text;
}

/** The value of a text that is one operator and nothing else keeps its type; undefined is a text with more in it. */
export function soleValue(template: string, context: FormatterContext): { value: Value } | undefined {
  const [part, more] = partsOf(template);
  return part === undefined || typeof part === 'string' || more !== undefined
    ? undefined
    : { value: valueOf(part, context) };
}
