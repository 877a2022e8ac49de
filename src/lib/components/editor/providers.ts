import type { Completion, Hover, Problem } from '../../../workers/protocol.ts';
import type { monaco as Monaco } from './monaco.ts';

type Model = Monaco.editor.ITextModel;

/** Who knows what may stand in the file: the engine's descriptors, by way of the worker. */
export interface Helper {
  complete(text: string, offset: number): Promise<readonly Completion[]>;
  hover(text: string, offset: number): Promise<Hover | undefined>;
  /** Those of the open file. */
  problems(): readonly Problem[];
}

/** Completion, hover and quick fixes for the model of an editor; what is returned takes them away again. */
export function provide(
  monaco: typeof Monaco,
  { getModel }: { getModel: () => Model | null },
  helper: Helper,
): () => void {
  const registered = [
    monaco.languages.registerCompletionItemProvider('yaml', {
      triggerCharacters: [' ', '"', '.', '/'],
      provideCompletionItems: async (model, position) => {
        if (model !== getModel()) return { suggestions: [] };
        const offset = model.getOffsetAt(position);
        const found = await helper.complete(model.getValue(), offset);
        return { suggestions: found.map((one) => suggestion(monaco, model, one, offset)) };
      },
    }),
    monaco.languages.registerHoverProvider('yaml', {
      provideHover: async (model, position) => {
        if (model !== getModel()) return null;
        const found = await helper.hover(model.getValue(), model.getOffsetAt(position));
        if (!found) return null;
        return {
          range: rangeOf(monaco, model, found.range),
          contents: [{ value: `**${found.title}**` }, { value: found.documentation }],
        };
      },
    }),
    monaco.languages.registerCodeActionProvider('yaml', {
      provideCodeActions: (model, range) => ({
        actions: model === getModel() ? helper.problems().flatMap((one) => actionFor(monaco, model, one, range)) : [],
        dispose: () => undefined,
      }),
    }),
  ];
  return () => registered.forEach((one) => one.dispose());
}

/** The problems as Monaco's markers. */
export function mark(monaco: typeof Monaco, model: Model, problems: readonly Problem[]): void {
  monaco.editor.setModelMarkers(
    model,
    'filterchain',
    problems.map((one) => markerOf(monaco, model, one)),
  );
}

function markerOf(monaco: typeof Monaco, model: Model, problem: Problem): Monaco.editor.IMarkerData {
  const { Error, Warning, Info } = monaco.MarkerSeverity;
  const place = problem.fix?.range ?? problem.range ?? { start: 0, end: 1 };
  const { startLineNumber, startColumn } = rangeOf(monaco, model, place);
  const end = model.getPositionAt(Math.max(place.end, place.start + 1));
  const isLong = end.lineNumber > startLineNumber;
  return {
    severity: problem.severity === 'error' ? Error : problem.severity === 'warning' ? Warning : Info,
    message: [problem.message, problem.help, problem.envoySays && `Envoy says: ${problem.envoySays}`]
      .filter(Boolean)
      .join('\n'),
    startLineNumber,
    startColumn,
    endLineNumber: startLineNumber,
    endColumn: isLong ? model.getLineMaxColumn(startLineNumber) : end.column,
  };
}

function actionFor(
  monaco: typeof Monaco,
  model: Model,
  problem: Problem,
  asked: Monaco.Range,
): Monaco.languages.CodeAction[] {
  if (!problem.fix) return [];
  const range = rangeOf(monaco, model, problem.fix.range);
  if (!monaco.Range.areIntersectingOrTouching(range, asked)) return [];
  return [
    {
      title: problem.fix.title,
      kind: 'quickfix',
      isPreferred: true,
      diagnostics: [markerOf(monaco, model, problem)],
      edit: { edits: [{ resource: model.uri, versionId: undefined, textEdit: { range, text: problem.fix.text } }] },
    },
  ];
}

function suggestion(
  monaco: typeof Monaco,
  model: Model,
  one: Completion,
  offset: number,
): Monaco.languages.CompletionItem {
  const { CompletionItemKind, CompletionItemTag } = monaco.languages;
  return {
    label: one.label,
    kind: one.insert.includes(':') ? CompletionItemKind.Field : CompletionItemKind.Value,
    detail: one.detail,
    documentation: { value: one.documentation },
    insertText: one.insert,
    range: rangeOf(monaco, model, { start: one.from, end: offset }),
    filterText: one.label,
    // Indentation is already that of the place.
    insertTextRules: monaco.languages.CompletionItemInsertTextRule.KeepWhitespace,
    ...(one.isDeprecated ? { tags: [CompletionItemTag.Deprecated] } : {}),
  };
}

function rangeOf(monaco: typeof Monaco, model: Model, { start, end }: { start: number; end: number }): Monaco.Range {
  return monaco.Range.fromPositions(model.getPositionAt(start), model.getPositionAt(end));
}
