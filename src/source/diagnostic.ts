import type { ConfigRef } from './config_ref.ts';

export type Severity = 'error' | 'warning' | 'not_simulated';

/** A stretch of text. Offsets count UTF-16 units from 0; lines and columns count from 1. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a configuration, or not modelled, at one place: what was found, expected, and what to do. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly ref: ConfigRef;
  readonly message: string;
  readonly range?: SourceRange;
  readonly help?: string;
  /** The word that was found and the one that was most likely meant: an editor can put it right. */
  readonly meant?: { readonly found: string; readonly instead: string };
  /** What Envoy itself would print, where that is known. */
  readonly envoySays?: string;
}
