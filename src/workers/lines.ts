import type { SourceRange } from '#source';
import type { LineRange } from './protocol.ts';

/** A range with its last line: YAML nodes run on to the next one, so blank space at the end does not count. */
export function withLines(text: string, range: SourceRange): LineRange {
  const stretch = text.slice(range.start, range.end).trimEnd();
  const below = stretch.split('\n').length - 1;
  return {
    start: range.start,
    end: range.start + stretch.length,
    line: range.line,
    column: range.column,
    endLine: range.line + below,
  };
}
