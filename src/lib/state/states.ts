import type { Step } from '../../workers/protocol.ts';

/** Each state has a shape and a word as well as a colour. */
export const STATES: Readonly<Record<Step['state'], { readonly shape: string; readonly word: string }>> = {
  matched: { shape: '●', word: 'matched' },
  failed: { shape: '✕', word: 'tried and failed' },
  not_reached: { shape: '○', word: 'not reached' },
  shadowed: { shape: '⊘', word: 'can never match' },
  info: { shape: '·', word: 'note' },
};
