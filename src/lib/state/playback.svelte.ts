import type { Outcome, Step } from '../../workers/protocol.ts';
import { markLines, type LineMark } from './line_marks.ts';

/** Where the reader looks: at which request of the list, and at which of its steps. */
export class Playback {
  outcomes = $state.raw<readonly Outcome[]>([]);
  request = $state(0);
  step = $state(0);

  readonly outcome = $derived<Outcome | undefined>(this.outcomes[this.request]);
  readonly current = $derived<Step | undefined>(this.outcome?.steps[this.step]);
  /** What stood at the selected step: the last word of each thing, over all requests until then. */
  readonly moment = $derived<Readonly<Record<string, string>>>(this.#momentAt());

  #momentAt(): Record<string, string> {
    const before = this.outcomes.slice(0, this.request).flatMap((one) => one.steps);
    const now = this.outcome?.steps.slice(0, this.step + 1) ?? [];
    return Object.assign({}, ...[...before, ...now].map((one) => one.moment ?? {})) as Record<string, string>;
  }

  /** By line of a file, what the selected request did there. */
  marksOf(file: string): ReadonlyMap<number, LineMark> {
    return markLines(this.outcome?.steps ?? [], file);
  }

  /** New outcomes of the same list: the reader's place is kept as far as it still exists. */
  show(outcomes: readonly Outcome[], at?: { request: number; step?: number }): void {
    this.outcomes = outcomes;
    if (at) this.select(at.request, at.step);
    else this.select(Math.min(this.request, outcomes.length - 1), this.step);
  }

  /** Without a step: the last one, which is the answer. */
  select(request: number, step?: number): void {
    this.request = clamp(request, this.outcomes.length);
    const count = this.outcome?.steps.length ?? 0;
    this.step = clamp(step ?? decisive(this.outcome), count);
  }

  /** On to the next step, across the end of a request into the next. */
  move(by: 1 | -1): void {
    const next = this.step + by;
    if (next < 0 && this.request > 0) this.select(this.request - 1, Infinity);
    else if (next >= (this.outcome?.steps.length ?? 0) && this.request < this.outcomes.length - 1)
      this.select(this.request + 1, 0);
    else this.step = clamp(next, this.outcome?.steps.length ?? 0);
  }

  /** The steps of all requests that a line took part in. */
  stepsOnLine(file: string, line: number): { request: number; index: number; step: Step }[] {
    return this.outcomes.flatMap((outcome, request) =>
      outcome.steps.flatMap((step, index) =>
        step.range?.file === file && step.range.line === line ? [{ request, index, step }] : [],
      ),
    );
  }
}

const clamp = (value: number, count: number): number => Math.max(0, Math.min(value, count - 1));

/** The step to begin with: what failed last, or the route that won; else the last of all. */
function decisive(outcome: Outcome | undefined): number {
  const found =
    outcome?.tone === 'bad'
      ? outcome.steps.findLastIndex((step) => step.state === 'failed')
      : outcome?.steps.findLastIndex((step) => step.state === 'matched' && step.stage === 'Route');
  return found === undefined || found < 0 ? Infinity : found;
}
