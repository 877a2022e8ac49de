import type { RequestSpec, UpstreamSpec } from '#world';

/** A lab as its author wrote it: `lab.yaml`, validated, with defaults filled in. */
export interface Lab {
  /** Progress is stored by it: moving a lab loses nothing. */
  readonly slug: string;
  readonly title: string;
  readonly minutes: number;
  /** The files that the learner edits, by name; the first one is the bootstrap. */
  readonly edit: readonly string[];
  readonly upstreams: readonly UpstreamSpec[];
  /** The address that requests go to unless they say otherwise. */
  readonly to: string;
  /** What is in the request bar when the lab opens. */
  readonly first: LabRequest;
  readonly checks: readonly Check[];
  readonly mistakes: readonly Mistake[];
}

/** A request without the address that it goes to. */
export type LabRequest = Omit<RequestSpec, 'to'> & { readonly to?: string };

/** One task: requests, and what has to come of each of them. */
export interface Check {
  readonly task: string;
  /** The requests are not shown to the learner. */
  readonly hidden: boolean;
  readonly requests: readonly LabRequest[];
  readonly expect: Expectation;
  /** The whole list is sent so many times; then shares count, not single answers. */
  readonly times: number;
  /** What each upstream gets of `times` lists, from least to most. */
  readonly shares: Readonly<Record<string, readonly [number, number]>>;
  /** From a nudge to nearly the answer. */
  readonly hints: readonly string[];
}

/** Facts of an outcome; what is not named is free. */
export interface Expectation {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The upstream that answered; `none`: nobody was asked. */
  readonly upstream?: string;
  readonly cluster?: string;
  readonly route?: string;
  /** Response flags, `-` for none. */
  readonly flags?: string;
  readonly details?: string;
}

/** A wrong answer that is known: told by what it does, never by its text. */
export interface Mistake {
  /** The folder below `wrong/` that makes it. */
  readonly name: string;
  /** All of these are seen. */
  readonly when: readonly Observation[];
  readonly hint: string;
}

export type Observation =
  | { readonly request: LabRequest; readonly gets: Expectation }
  /** Envoy would not start, and says so with these words. */
  | { readonly refused: string };

/** What the judge says of one task. */
export interface TaskResult {
  readonly title: string;
  /** Judged with requests that the learner does not see. */
  readonly isHidden: boolean;
  readonly state: 'passed' | 'failed' | 'waiting';
  /** What was observed last, in a sentence. */
  readonly evidence: string;
  /** From what was observed: a question or a place to look at, in stages. */
  readonly hints: readonly string[];
  /** The known mistake that was recognised. */
  readonly mistake?: string;
}
