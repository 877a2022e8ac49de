/** What the judge says of one task: by what the configuration did, never by its text. */
export interface TaskResult {
  readonly title: string;
  /** Judged with requests that the learner does not see. */
  readonly isHidden: boolean;
  readonly state: 'passed' | 'failed' | 'waiting';
  /** What was observed last, in a sentence. */
  readonly evidence: string;
  /** From what was observed: a question or a place to look at, in stages. */
  readonly hints: readonly string[];
}
