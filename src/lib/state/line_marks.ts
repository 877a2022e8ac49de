import type { Step } from '../../workers/protocol.ts';

export type MarkState = 'matched' | 'failed' | 'not_reached' | 'shadowed';

/** What stands in the gutter beside a line. */
export interface LineMark {
  readonly state: MarkState;
  readonly sentence: string;
}

/** Where several steps have the same line, the one that says most is drawn. */
const RANK: Readonly<Record<Step['state'], number>> = { failed: 4, matched: 3, shadowed: 2, not_reached: 1, info: 0 };

export function markLines(steps: readonly Step[], file: string): Map<number, LineMark> {
  const marks = new Map<number, LineMark>();
  const ranks = new Map<number, number>();
  for (const { state, sentence, range } of steps) {
    if (range?.file !== file || state === 'info' || RANK[state] < (ranks.get(range.line) ?? 0)) continue;
    ranks.set(range.line, RANK[state]);
    marks.set(range.line, { state, sentence });
  }
  return marks;
}
