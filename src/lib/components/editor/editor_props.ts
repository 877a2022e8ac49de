import type { LineMark } from '../../state/line_marks.ts';
import type { LineRange, Problem, Step } from '../../../workers/protocol.ts';

/** What both editors take: the plain one that is there at once, and Monaco that follows. */
export interface EditorProps {
  name: string;
  value: string;
  marks: ReadonlyMap<number, LineMark>;
  /** The lines of the selected step. */
  lit: (LineRange & { state: Step['state'] }) | undefined;
  problems: readonly Problem[];
  onedit: (text: string) => void;
  /** The line that the cursor is on, counted from 1. */
  online: (line: number) => void;
  /** A text that is too long to paste, with its length. */
  onrefuse: (length: number) => void;
}

/** A configuration longer than this is no lesson any more: the editor would be slow and the engine slower. */
export const MAX_TEXT = 1_000_000;
