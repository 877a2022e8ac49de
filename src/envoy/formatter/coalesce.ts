import type { Json } from '#api';
import type { WrittenCommand } from './command_syntax.ts';

/** `{"operators": ["NAME", {"command": "REQ", "param": "x", "max_length": 8}]}`: what is tried, or what is wrong. */
export function coalesced(argument: string): { commands: readonly WrittenCommand[] } | { fault: string } {
  let read: Json;
  try {
    read = JSON.parse(argument) as Json;
  } catch {
    return { fault: 'failed to parse JSON configuration: JSON supplied is not valid.' };
  }
  const operators = (read as { operators?: Json } | null)?.operators;
  if (!Array.isArray(operators)) return { fault: "JSON configuration must contain 'operators' array" };
  if (operators.length === 0) return { fault: "'operators' array must not be empty" };
  return { commands: operators.map(commandOf) };
}

function commandOf(operator: Json): WrittenCommand {
  if (typeof operator === 'string') return { name: operator, argument: '', length: undefined };
  const { command, param, max_length } = (operator ?? {}) as { command?: string; param?: string; max_length?: number };
  return { name: command ?? '', argument: param ?? '', length: max_length };
}
