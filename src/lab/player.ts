import type { Api } from '#api';
import { filesOf, playScenario, readBootstrap, type RequestSpec, type ScenarioOutcome, type StepResult } from '#world';
import type { CheckedRequest, Lab, LabRequest } from './lab.ts';
import { addressed, singleOf, stepsOf, worldOf } from './scenarios.ts';

/** A request that is sent, and the time before it. */
type Sent = Pick<CheckedRequest, 'request' | 'wait_ms'>;

/** A decision with the lines that caused it, where it is known. */
type Decided = Pick<ScenarioOutcome['trace'][number], 'kind' | 'state' | 'sentence' | 'because'>;

/**
 * Plays the requests of a lab: those that stand for themselves in one go, lists in which order counts each through a
 * proxy that has just started. What was played once is kept.
 */
export class Player {
  /** Why Envoy would not start with the files, if so, and at which line. */
  readonly refusal: { readonly message: string; readonly line: number | undefined } | undefined;
  readonly rangeOf: ReturnType<typeof readBootstrap>['rangeOf'];
  readonly #api: Api;
  readonly #lab: Lab;
  readonly #world: ReturnType<typeof worldOf>;
  readonly #single: readonly Sent[];
  readonly #played = new Map<string, ScenarioOutcome>();

  constructor(api: Api, lab: Lab, files: Readonly<Record<string, string>>) {
    this.#api = api;
    this.#lab = lab;
    this.#world = worldOf(lab, files);
    this.#single = singleOf(lab);
    const read = readBootstrap(api, this.#world.config, filesOf(this.#world));
    const error = read.diagnostics.find((one) => one.severity === 'error');
    this.refusal = error && { message: error.message, line: error.range?.line };
    this.rangeOf = read.rangeOf;
  }

  addressed(request: LabRequest): RequestSpec {
    return addressed(this.#lab, request);
  }

  /** What came of each request of the list, with the seed of that number: of an ordered one, sent by itself. */
  list(sent: readonly Sent[], seed: number, ordered: boolean): StepResult[] {
    if (ordered) return resultsOf(this.#play(sent, seed));
    const results = resultsOf(this.#play(this.#single, seed));
    return sent.map((one) => results[this.#placeOf(one)] ?? {});
  }

  /** What was decided about one request of the list. */
  decisions(sent: readonly Sent[], seed: number, ordered: boolean, index: number): readonly Decided[] {
    const [list, at] = ordered ? [sent, index] : [this.#single, this.#placeOf(sent[index]!)];
    const { trace, traceEnds, steps } = this.#play(list, seed);
    const place = steps.flatMap((step, i) => (step.request ? [i] : []))[at]!;
    return trace.slice(traceEnds[place - 1] ?? 0, traceEnds[place]);
  }

  /** What came of the last request of a list that is sent in its order, through a proxy of its own. */
  last(sent: readonly Sent[]): StepResult {
    return resultsOf(this.#play(sent, 0, false)).at(-1) ?? {};
  }

  /** How many requests each upstream got. */
  counts(sent: readonly Sent[], times: number, seed: number): Map<string, number> {
    const counts = new Map<string, number>();
    const all = Array.from({ length: times }).flatMap(() => sent);
    for (const { upstream } of resultsOf(this.#play(all, seed, false))) {
      const name = upstream?.at(-1)?.upstream;
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  #placeOf({ request }: Sent): number {
    const text = JSON.stringify(request);
    return this.#single.findIndex((one) => JSON.stringify(one.request) === text);
  }

  /** With its trace, where one may be asked for: to keep it costs less than to start a second proxy. */
  #play(sent: readonly Sent[], seed: number, trace = true): ScenarioOutcome {
    const key = `${seed} ${trace} ${JSON.stringify(sent)}`;
    const known = this.#played.get(key);
    if (known) return known;
    const scenario = { ...this.#world, steps: stepsOf(this.#lab, sent) };
    const outcome = playScenario(this.#api, scenario, { seed: `${this.#lab.slug} ${seed}`, trace });
    this.#played.set(key, outcome);
    return outcome;
  }
}

const resultsOf = ({ steps }: ScenarioOutcome): StepResult[] =>
  steps.filter((step) => step.request !== undefined).map((step) => step.expect ?? {});
