import type { Api } from '#api';
import { playScenario, readBootstrap, type RequestSpec, type Scenario, type StepResult } from '#world';
import { isAsExpected } from './expectation.ts';
import type { Check, Lab, LabRequest, Mistake, Observation, TaskResult } from './lab.ts';
import { expectationWords, outcomeWords, requestWords } from './words.ts';

/** How often a lab may send its list of requests in one check. */
export const MAX_TIMES = 10_000;

/** Every request of the lab against one configuration, in order: what the real Envoy is asked as well. */
export function scenarioOf(lab: Lab, files: Readonly<Record<string, string>>): Scenario {
  const requests = [
    ...lab.checks.flatMap((check) => check.requests),
    ...lab.mistakes.flatMap((mistake) => mistake.when.flatMap((one) => ('request' in one ? [one.request] : []))),
  ];
  const seen = new Set<string>();
  const steps = requests
    .map((request) => ({ request: addressed(lab, request) }))
    .filter((step) => {
      const key = JSON.stringify(step);
      return !seen.has(key) && seen.add(key);
    });
  return { ...worldOf(lab, files), steps };
}

/** Judges by behaviour alone: the same files give the same results. */
export function judge(api: Api, lab: Lab, files: Readonly<Record<string, string>>): TaskResult[] {
  const play = new Player(api, lab, files);
  if (play.refusal !== undefined) return lab.checks.map((check) => refused(check, lab, play));
  return lab.checks.map((check) => judgeCheck(check, lab, play));
}

function refused(check: Check, lab: Lab, play: Player): TaskResult {
  const mistake = recognised(lab.mistakes, play);
  return {
    title: check.task,
    isHidden: check.hidden,
    state: 'failed',
    evidence: `Envoy would not start: ${play.refusal}`,
    hints: mistake ? [mistake.hint] : [],
    ...(mistake ? { mistake: mistake.name } : {}),
  };
}

function judgeCheck(check: Check, lab: Lab, play: Player): TaskResult {
  const fault = check.times > 1 ? faultOfShares(check, play) : faultOfRequests(check, play);
  const base = { title: check.task, isHidden: check.hidden };
  if (fault === undefined) return { ...base, state: 'passed', evidence: proof(check, play), hints: [] };
  const mistake = recognised(lab.mistakes, play);
  return {
    ...base,
    state: 'failed',
    evidence: fault,
    hints: [...(mistake ? [mistake.hint] : []), ...check.hints],
    ...(mistake ? { mistake: mistake.name } : {}),
  };
}

/** The first request, the smallest counter-example, that is not answered as it should be. */
function faultOfRequests(check: Check, play: Player): string | undefined {
  const results = play.list(check.requests);
  const wrong = results.findIndex((result) => !isAsExpected(check.expect, result));
  if (wrong < 0) return undefined;
  const request = check.hidden ? 'A request that you do not see' : requestWords(check.requests[wrong]!);
  return `${request}: ${outcomeWords(results[wrong]!)}. Wanted: ${expectationWords(check.expect)}.`;
}

function faultOfShares(check: Check, play: Player): string | undefined {
  const counts = play.counts(check.requests, Math.min(check.times, MAX_TIMES));
  const wrong = Object.entries(check.shares).find(([name, [least, most]]) => {
    const count = counts.get(name) ?? 0;
    return count < least || count > most;
  });
  if (!wrong) return undefined;
  const [name, [least, most]] = wrong;
  return `Of ${check.times} requests \`${name}\` got ${counts.get(name) ?? 0}. Wanted: ${least} to ${most}.`;
}

function proof(check: Check, play: Player): string {
  if (check.times > 1)
    return [...play.counts(check.requests, Math.min(check.times, MAX_TIMES))]
      .map(([name, count]) => `\`${name}\` ${count}`)
      .join(', ');
  const last = check.requests.length - 1;
  if (check.hidden) return `${check.requests.length} requests that you do not see went as they should`;
  return `${requestWords(check.requests[last]!)}: ${outcomeWords(play.list(check.requests)[last]!)}`;
}

const recognised = (mistakes: readonly Mistake[], play: Player): Mistake | undefined =>
  mistakes.find((mistake) => mistake.when.every((one) => isSeen(one, play)));

function isSeen(observation: Observation, play: Player): boolean {
  if ('refused' in observation) return play.refusal?.includes(observation.refused) === true;
  if (play.refusal !== undefined) return false;
  return isAsExpected(observation.gets, play.list([observation.request])[0]!);
}

const addressed = (lab: Lab, request: LabRequest): RequestSpec => ({ to: lab.to, ...request });

function worldOf(lab: Lab, files: Readonly<Record<string, string>>): Omit<Scenario, 'steps'> {
  const [bootstrap, ...others] = lab.edit;
  return {
    config: files[bootstrap!] ?? '',
    upstreams: lab.upstreams,
    ...(others.length > 0 ? { files: Object.fromEntries(others.map((name) => [name, files[name] ?? ''])) } : {}),
  };
}

/** Plays lists of requests, each through a proxy that has just started; what was played once is kept. */
class Player {
  /** Why Envoy would not start with the files, if so. */
  readonly refusal: string | undefined;
  readonly #api: Api;
  readonly #lab: Lab;
  readonly #world: Omit<Scenario, 'steps'>;
  readonly #played = new Map<string, StepResult[]>();

  constructor(api: Api, lab: Lab, files: Readonly<Record<string, string>>) {
    this.#api = api;
    this.#lab = lab;
    this.#world = worldOf(lab, files);
    const errors = readBootstrap(api, this.#world.config).diagnostics.filter((one) => one.severity === 'error');
    this.refusal = errors[0]?.message;
  }

  list(requests: readonly LabRequest[]): StepResult[] {
    const key = JSON.stringify(requests);
    const known = this.#played.get(key);
    if (known) return known;
    const steps = requests.map((request) => ({ request: addressed(this.#lab, request) }));
    const outcome = playScenario(this.#api, { ...this.#world, steps }, { seed: this.#lab.slug, trace: false });
    const results = outcome.steps.map((step) => step.expect ?? {});
    this.#played.set(key, results);
    return results;
  }

  /** How many requests each upstream got. */
  counts(requests: readonly LabRequest[], times: number): Map<string, number> {
    const counts = new Map<string, number>();
    const all = Array.from({ length: times }).flatMap(() => requests);
    for (const { upstream } of this.list(all)) {
      const name = upstream?.at(-1)?.upstream;
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }
}
