/** Every key of the lab page: the list that `?` shows, and what is done. */
export const KEYS = [
  { keys: ['Ctrl Enter'], does: 'Send the request (⌘ Enter on a Mac)' },
  { keys: ['J', 'K'], does: 'Next step, previous step' },
  { keys: ['N', 'P'], does: 'Next request, previous request' },
  { keys: ['1'], does: 'Go to the lesson' },
  { keys: ['2'], does: 'Go to the configuration' },
  { keys: ['3'], does: 'Go to the request' },
  { keys: ['4'], does: 'Go to Why' },
  { keys: ['5'], does: 'Go to the tasks' },
  { keys: ['F6'], does: 'Next pane, also from inside the editor' },
  { keys: ['Esc'], does: 'Leave the editor' },
  { keys: ['Ctrl M'], does: 'In the editor: Tab moves on instead of indenting' },
  { keys: ['Ctrl Space'], does: 'In the editor: what may stand here' },
  { keys: ['Ctrl .'], does: 'In the editor: mend the problem here' },
  { keys: ['F1'], does: 'In the editor: everything that it can do' },
  { keys: ['?'], does: 'This list' },
] as const;

export type Action =
  | { readonly kind: 'send' }
  | { readonly kind: 'step'; readonly by: 1 | -1 }
  | { readonly kind: 'request'; readonly by: 1 | -1 }
  | { readonly kind: 'go'; readonly to: 'lesson' | 'config' | 'request' | 'why' | 'tasks' }
  | { readonly kind: 'next_pane'; readonly by: 1 | -1 }
  | { readonly kind: 'keys' };

const PLAIN: Readonly<Record<string, Action>> = {
  j: { kind: 'step', by: 1 },
  k: { kind: 'step', by: -1 },
  n: { kind: 'request', by: 1 },
  p: { kind: 'request', by: -1 },
  '1': { kind: 'go', to: 'lesson' },
  '2': { kind: 'go', to: 'config' },
  '3': { kind: 'go', to: 'request' },
  '4': { kind: 'go', to: 'why' },
  '5': { kind: 'go', to: 'tasks' },
  '?': { kind: 'keys' },
};

/** What a key asks for; letters count only where nobody is typing. */
export function actionFor(event: KeyboardEvent): Action | undefined {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return { kind: 'send' };
  if (event.key === 'F6') return { kind: 'next_pane', by: event.shiftKey ? -1 : 1 };
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return undefined;
  return PLAIN[event.key.toLowerCase()];
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input:not([type=range]), textarea, select, [contenteditable], .monaco-editor, dialog') !== null
  );
}
