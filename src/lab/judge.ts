import type { Api } from '#api';
import type { StepResult } from '#world';
import { isAsExpected } from './expectation.ts';
import type { Check, CheckedRequest, CounterExample, Lab, Mistake, Observation, TaskResult } from './lab.ts';
import { Player } from './player.ts';
import { sentBy } from './scenarios.ts';
import { expectationWords, outcomeWords, requestWords } from './words.ts';

export { scenariosOf } from './scenarios.ts';

/** How often a lab may send its list of requests in one check. */
export const MAX_TIMES = 10_000;

/** Judges by behaviour alone: the same files give the same results. */
export function judge(api: Api, lab: Lab, files: Readonly<Record<string, string>>): TaskResult[] {
  const play = new Player(api, lab, files);
  const mistake = recognised(lab.mistakes, play);
  if (play.refusal)
    return lab.checks.map((check, i) => (i === 0 ? refused(check, play.refusal!, mistake) : waiting(check)));
  return lab.checks.map((check) => judgeCheck(check, { lab, play, mistake }));
}

interface Case {
  readonly lab: Lab;
  readonly play: Player;
  readonly mistake: Mistake | undefined;
}

/** What is wrong with a task, in a sentence. */
interface Fault {
  readonly evidence: string;
  readonly counterExample?: CounterExample;
}

function judgeCheck(check: Check, { lab, play, mistake }: Case): TaskResult {
  const task = { title: check.task, isHidden: check.hidden };
  const fault = firstFault(check, lab, play);
  if (!fault) return { ...task, state: 'passed', evidence: proof(check, play), hints: [] };
  return {
    ...task,
    state: 'failed',
    ...fault,
    hints: [...(mistake ? [mistake.hint] : []), ...check.hints],
    ...(mistake ? { mistake: mistake.name } : {}),
  };
}

/** Envoy would not start: the first task says so, and the others wait. */
function refused(check: Check, refusal: NonNullable<Player['refusal']>, mistake: Mistake | undefined): TaskResult {
  const line = refusal.line === undefined ? '' : `line ${refusal.line}, `;
  return {
    title: check.task,
    isHidden: check.hidden,
    state: 'failed',
    // The place is said by the line; the path to it would only push the rest out of sight.
    evidence: `Envoy would not start: ${line}${refusal.message.replace(/^`[^`]*`: /, '')}`,
    hints: mistake ? [mistake.hint] : [],
    ...(mistake ? { mistake: mistake.name } : {}),
  };
}

const waiting = (check: Check): TaskResult => ({
  title: check.task,
  isHidden: check.hidden,
  state: 'waiting',
  evidence: 'Judged as soon as Envoy would start.',
  hints: [],
});

/** With the first seed for which the task is not done. */
function firstFault(check: Check, lab: Lab, play: Player): Fault | undefined {
  for (let seed = 0; seed < lab.seeds; seed++) {
    const fault = check.times > 1 ? faultOfShares(check, play, seed) : faultOfRequests(check, play, seed);
    if (fault) return fault;
  }
  return undefined;
}

/** The smallest request that is not answered as it should be. */
function faultOfRequests(check: Check, play: Player, seed: number): Fault | undefined {
  const results = play.list(check.requests, seed, check.ordered);
  const wrong = check.requests.flatMap(({ expect }, i) => (isAsExpected(expect, results[i] ?? {}) ? [] : [i]));
  const index = smallestOf(wrong, check.requests);
  if (index === undefined) return undefined;
  const { request, expect } = check.requests[index]!;
  const [wanted, came] = [expectationWords(expect), outcomeWords(results[index]!, expect)];
  const step = decidingStep(play, check, seed, index, results[index]!);
  const place = check.ordered && check.requests.length > 1 ? `Request ${index + 1}, ` : '';
  return {
    evidence: `${place}${requestWords(request)}: ${came}. Wanted: ${wanted}.`,
    counterExample: { request: play.addressed(request), wanted, came, ...(step ? { step } : {}) },
  };
}

/** The one that takes the fewest words to tell; where the order counts, the first. */
function smallestOf(wrong: readonly number[], requests: readonly CheckedRequest[]): number | undefined {
  const size = (index: number): number => {
    const { request } = requests[index]!;
    return requestWords(request).length + (request.body?.length ?? 0);
  };
  return wrong.reduce<number | undefined>(
    (least, one) => (least === undefined || size(one) < size(least) ? one : least),
    undefined,
  );
}

/** Where Envoy answered itself, the last thing that failed; otherwise the route that won. */
function decidingStep(
  play: Player,
  check: Check,
  seed: number,
  index: number,
  result: StepResult,
): CounterExample['step'] {
  const caused = play
    .decisions(check.requests, seed, check.ordered, index)
    .filter((record) => record.because !== undefined);
  const isPassedOn = result.access?.at(-1)?.['details'] === 'via_upstream';
  const decided =
    caused.findLast(({ kind, state }) => (isPassedOn ? kind === 'route_matched' : state === 'failed')) ?? caused.at(-1);
  if (!decided?.because) return undefined;
  const { kind, sentence, because } = decided;
  const range = play.rangeOf(because.path);
  return { kind, sentence, because, ...(range ? { range } : {}) };
}

function faultOfShares(check: Check, play: Player, seed: number): Fault | undefined {
  const counts = play.counts(check.requests, Math.min(check.times, MAX_TIMES), seed);
  const wrong = Object.entries(check.shares).find(([name, [least, most]]) => {
    const count = counts.get(name) ?? 0;
    return count < least || count > most;
  });
  if (!wrong) return undefined;
  const [name, [least, most]] = wrong;
  return {
    evidence: `Of ${check.times} requests \`${name}\` got ${counts.get(name) ?? 0}. Wanted: ${least} to ${most}.`,
  };
}

function proof(check: Check, play: Player): string {
  if (check.times > 1)
    return [...play.counts(check.requests, Math.min(check.times, MAX_TIMES), 0)]
      .map(([name, count]) => `\`${name}\` ${count}`)
      .join(', ');
  const { length } = check.requests;
  if (check.hidden)
    return length === 1
      ? 'A request that you do not see went as it should'
      : `${length} requests that you do not see went as they should`;
  const { request, expect } = check.requests[length - 1]!;
  return `${requestWords(request)}: ${outcomeWords(play.list(check.requests, 0, check.ordered)[length - 1]!, expect)}`;
}

const recognised = (mistakes: readonly Mistake[], play: Player): Mistake | undefined =>
  mistakes.find((mistake) => mistake.when.every((one) => isSeen(one, play)));

function isSeen(observation: Observation, play: Player): boolean {
  if ('refused' in observation) return play.refusal?.message.includes(observation.refused) === true;
  if (play.refusal) return false;
  const sent = sentBy(observation);
  return isAsExpected(
    observation.gets,
    observation.times === undefined ? play.list(sent, 0, false)[0]! : play.last(sent),
  );
}
