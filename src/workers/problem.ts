import type { Diagnostic } from '#source';
import { withLines } from './lines.ts';
import type { Problem } from './protocol.ts';

/** A diagnostic as the editor draws it: with lines, and the mend where a word was mistyped. */
export function problemOf(
  text: string,
  { severity, message, help, envoySays, range, meant }: Diagnostic,
  file: string,
): Problem {
  const place = range && withLines(text, range);
  const fix = meant && place && fixOf(text, place.start, meant);
  return {
    file,
    severity,
    message,
    ...(help && { help }),
    ...(envoySays && { envoySays }),
    ...(fix && { fix }),
    ...(place && { range: place }),
  };
}

/** The word is the value at the place, or the key before it. */
function fixOf(text: string, at: number, { found, instead }: NonNullable<Diagnostic['meant']>): Problem['fix'] {
  const isValue = text.slice(at, at + found.length + 1).includes(found);
  const start = isValue ? text.indexOf(found, at) : text.lastIndexOf(found, at);
  if (start < 0) return undefined;
  const before = text.slice(0, start);
  const line = before.split('\n').length;
  const column = start - before.lastIndexOf('\n');
  const range = { start, end: start + found.length, line, column, endLine: line };
  return { title: `Change to \`${instead}\``, text: instead, range };
}
