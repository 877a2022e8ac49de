/** Located text: where configuration came from, and what is to be said about it there. */
export type { ConfigPath, ConfigRef } from './config_ref.ts';
export { at, refText } from './config_ref.ts';
export type { Diagnostic, Severity, SourceRange } from './diagnostic.ts';
export { didYouMean, nearest } from './nearest.ts';
