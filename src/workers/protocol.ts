import type { SourceRange } from '#source';
import type { RequestSpec, TraceRecord } from '#world';

/** What the page asks of the worker. Plain data. */
export interface Question {
  readonly id: number;
  readonly config: string;
  readonly request: RequestSpec;
}

export interface Step extends TraceRecord {
  readonly range?: SourceRange;
}

interface Problem {
  readonly severity: 'error' | 'warning' | 'not_simulated';
  readonly message: string;
  readonly help?: string;
  readonly envoySays?: string;
  readonly range?: SourceRange;
}

export interface Answer {
  readonly id: number;
  /** Set when the simulator itself failed: a bug in the lab, never the learner's fault. */
  readonly bug?: string;
  readonly response?: {
    readonly status?: number;
    readonly headers?: [string, string][];
    readonly body?: string;
    readonly failed?: string;
  };
  readonly flags?: string;
  readonly details?: string;
  readonly upstream?: string;
  readonly steps: readonly Step[];
  readonly problems: readonly Problem[];
}
