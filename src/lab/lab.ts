import type { ConfigRef, SourceRange } from '#source';
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
  /** With how many seeds of chance each check has to hold. */
  readonly seeds: number;
  readonly mistakes: readonly Mistake[];
}

/** A request without the address that it goes to. */
export type LabRequest = Omit<RequestSpec, 'to'> & { readonly to?: string };

/** One task: requests, and what has to come of each of them. */
export interface Check {
  readonly task: string;
  /** The requests are not shown to the learner. */
  readonly hidden: boolean;
  readonly requests: readonly CheckedRequest[];
  /** Order and time count: played, and asked of the real Envoy, by itself from the start of an Envoy on. */
  readonly ordered: boolean;
  /** The whole list is sent so many times; then shares count, not single answers. */
  readonly times: number;
  /** What each upstream gets of `times` lists, from least to most. */
  readonly shares: Readonly<Record<string, readonly [number, number]>>;
  /** From a nudge to nearly the answer. */
  readonly hints: readonly string[];
}

export interface CheckedRequest {
  readonly request: LabRequest;
  /** Time that passes before it is sent. */
  readonly wait_ms: number;
  readonly expect: Expectation;
}

/** Facts of an outcome; what is not named is free. */
export interface Expectation {
  readonly status?: number | readonly number[];
  readonly body?: string;
  /** Headers of the answer, several of one name joined by a comma and a blank; null: it has none of that name. */
  readonly headers?: HeaderFacts;
  /** The upstream that answered; `none`: nobody was asked. */
  readonly upstream?: string | readonly string[];
  /** How many requests reached an upstream, tries and checks of an authorization server included. */
  readonly reached?: number | readonly number[];
  /** Headers and path that the last upstream got. */
  readonly received_headers?: HeaderFacts;
  readonly received_path?: string;
  readonly cluster?: string;
  readonly route?: string;
  /** Response flags, `-` for none. */
  readonly flags?: string;
  readonly details?: string;
}

export type HeaderFacts = Readonly<Record<string, string | null>>;

/** A wrong answer that is known: told by what it does, never by its text. */
export interface Mistake {
  /** The folder below `wrong/` that makes it. */
  readonly name: string;
  /** All of these are seen. */
  readonly when: readonly Observation[];
  readonly hint: string;
}

export type Observation =
  /** The last of `times` sends, from the start of an Envoy on. */
  | { readonly request: LabRequest; readonly times?: number; readonly gets: Expectation }
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
  /** Absent where shares were counted, or Envoy would not start. */
  readonly counterExample?: CounterExample;
}

/** The smallest request for which what came is not what is wanted. */
export interface CounterExample {
  readonly request: RequestSpec;
  readonly wanted: string;
  readonly came: string;
  /** The decision that led there, with the lines that caused it. */
  readonly step?: {
    readonly kind: string;
    readonly sentence: string;
    readonly because: ConfigRef;
    readonly range?: SourceRange;
  };
}
