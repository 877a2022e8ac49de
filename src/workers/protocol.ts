import type { Meaning } from '#envoy';
import type { Lab, TaskResult } from '#lab';
import type { RequestSpec, SeenRequest, TraceState } from '#world';

/** What the page asks of the worker. Plain data, as are the answers. */
export type Question = PlayQuestion | CompleteQuestion | HoverQuestion;

/** Plays a list of requests through the files of a lab, from the first one, and judges the lab's tasks. */
export interface PlayQuestion {
  readonly kind: 'play';
  readonly lab: Lab;
  readonly files: Readonly<Record<string, string>>;
  readonly requests: readonly RequestSpec[];
}

/** What a file is to Envoy: what it starts with, or resources that a subscription reads. */
export type FileKind = 'bootstrap' | 'resources';

/** What could be written at a place of the text. */
export interface CompleteQuestion {
  readonly kind: 'complete';
  readonly config: string;
  readonly holds: FileKind;
  readonly offset: number;
}

/** What stands at a place of the text. */
export interface HoverQuestion {
  readonly kind: 'hover';
  readonly config: string;
  readonly holds: FileKind;
  readonly offset: number;
}

export type AnswerTo<Q extends Question> = Q extends PlayQuestion
  ? PlayAnswer
  : Q extends CompleteQuestion
    ? readonly Completion[]
    : Hover | undefined;

export interface Envelope {
  readonly id: number;
  readonly question: Question;
}

/** `bug`: the simulator itself failed: a fault of the lab, never of the learner. */
export type Reply = { readonly id: number } & ({ readonly answer: unknown } | { readonly bug: string });

export interface PlayAnswer {
  /** False: Envoy would not start with this configuration; `outcomes` is empty then. */
  readonly isLoaded: boolean;
  readonly problems: readonly Problem[];
  readonly outcomes: readonly Outcome[];
  readonly tasks: readonly TaskResult[];
}

/** A stretch of text by lines, counted from 1; `endLine` is the last line that has something of it. */
export interface LineRange {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
}

/** A stretch of one of the files. */
export interface Place extends LineRange {
  readonly file: string;
}

export interface Problem {
  readonly file: string;
  readonly severity: 'error' | 'warning' | 'not_simulated';
  readonly message: string;
  readonly help?: string;
  /** The text that would mend it, in place of the range. */
  readonly fix?: { readonly title: string; readonly text: string; readonly range: LineRange };
  readonly envoySays?: string;
  readonly range?: LineRange;
}

export interface Step {
  readonly sequence: number;
  /** Virtual milliseconds since the request began. */
  readonly atMs: number;
  readonly stage: string;
  readonly state: TraceState;
  readonly sentence: string;
  readonly range?: Place;
  readonly moment?: Readonly<Record<string, string>>;
}

/** What became of one request. */
export interface Outcome {
  readonly request: RequestSpec;
  /** `404`, or `closed` where the connection ended without an answer. */
  readonly status: string;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly flags: readonly Meaning[];
  readonly details: Meaning | undefined;
  readonly reached: readonly SeenRequest[];
  readonly steps: readonly Step[];
  /** Who made the answer, and what did not happen because of it. */
  readonly verdict: { readonly title: string; readonly text: string };
}

export interface Completion {
  readonly label: string;
  readonly insert: string;
  readonly detail: string;
  readonly documentation: string;
  readonly isDeprecated: boolean;
  /** The offset from which the text is replaced. */
  readonly from: number;
}

export interface Hover {
  readonly title: string;
  readonly documentation: string;
  readonly range: LineRange;
}
