import { STATES } from '../../state/states.ts';
import type { EditorProps } from './editor_props.ts';
import type { monaco as Monaco } from './monaco.ts';

type Decoration = Monaco.editor.IModelDeltaDecoration;

/** The marks of the selected request beside its lines, and the lines of the selected step. */
export function decorationsFor(
  monaco: typeof Monaco,
  marks: EditorProps['marks'],
  lit: EditorProps['lit'],
): Decoration[] {
  const found: Decoration[] = [...marks].map(([line, { state, sentence }]) => ({
    range: new monaco.Range(line, 1, line, Number.MAX_SAFE_INTEGER),
    options: {
      linesDecorationsClassName: `mark ${state}`,
      linesDecorationsTooltip: sentence,
      showIfCollapsed: true,
      ...(state === 'matched'
        ? {}
        : { after: { content: STATES[state].word, inlineClassName: `mark-word ${state}`, cursorStops: 3 } }),
    },
  }));
  if (!lit) return found;
  return [
    ...found,
    {
      range: new monaco.Range(lit.line, 1, lit.line, 1),
      options: { isWholeLine: true, className: `lit-head ${lit.state}` },
    },
    {
      range: new monaco.Range(lit.line, 1, lit.endLine, 1),
      options: { isWholeLine: true, className: `lit ${lit.state}` },
    },
  ];
}
