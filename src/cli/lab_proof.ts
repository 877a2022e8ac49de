import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '#api';
import type { LabFolder } from '#lab';
import { judge, scenariosOf } from '#lab/judge';
import type { Scenario } from '#world';

const MIN_WRONG = 3;
const [MIN_WORDS, MAX_WORDS] = [400, 900];

/** The name of each variant of a lab with its files: what a learner starts from, ends with, and gets wrong. */
export function variantsOf(folder: LabFolder): [string, Readonly<Record<string, string>>][] {
  return [
    ['start', folder.start],
    ['solution', folder.solution],
    ...Object.entries(folder.alternatives).map(
      ([name, files]) => [`alternative-${name}`, files] as [string, typeof files],
    ),
    ...Object.entries(folder.wrong).map(([name, files]) => [`wrong-${name}`, files] as [string, typeof files]),
  ];
}

/** What a lab fails to prove of itself, a line each; nothing for a lab that holds what it promises. */
export function faultsOf(api: Api, folder: LabFolder): string[] {
  return [...faultsOfText(folder), ...faultsOfRight(api, folder), ...faultsOfWrong(api, folder)];
}

function faultsOfText({ prose, pictures, wrong, alternatives, lab }: LabFolder): string[] {
  const words = prose.split(/\s+/).filter((word) => word !== '').length;
  const named = new Set(lab.mistakes.map((mistake) => mistake.name));
  const unmade = [...named].filter((name) => wrong[name] === undefined);
  return [
    ...(words < MIN_WORDS || words > MAX_WORDS
      ? [`index.md has ${words} words; ${MIN_WORDS} to ${MAX_WORDS} are wanted.`]
      : []),
    ...(Object.keys(pictures).some((name) => prose.includes(`(${name})`))
      ? []
      : ['index.md shows no picture of the lab.']),
    ...(Object.keys(wrong).length < MIN_WRONG ? [`wrong/ has fewer than ${MIN_WRONG} answers.`] : []),
    ...(Object.keys(alternatives).length === 0 ? ['alternatives/ has no answer.'] : []),
    ...unmade.map((name) => `No answer below wrong/ makes the mistake \`${name}\`.`),
  ];
}

function faultsOfRight(api: Api, { lab, start, solution, alternatives }: LabFolder): string[] {
  const open = (files: typeof start): string[] =>
    judge(api, lab, files)
      .filter((task) => task.state !== 'passed')
      .map((task) => `${task.title}: ${task.evidence}`);
  return [
    ...(open(start).length === 0 ? ['start/ passes already: there is nothing to do.'] : []),
    ...open(solution).map((text) => `solution/ does not pass: ${text}`),
    ...Object.entries(alternatives).flatMap(([name, files]) =>
      open(files).map((text) => `alternatives/${name} does not pass: ${text}`),
    ),
  ];
}

/** Each known wrong answer fails, and gets a hint that no other one gets. */
function faultsOfWrong(api: Api, { lab, wrong }: LabFolder): string[] {
  return Object.entries(wrong).flatMap(([name, files]) => {
    const failed = judge(api, lab, files).filter((task) => task.state === 'failed');
    if (failed.length === 0) return [`wrong/${name} passes.`];
    const told = new Set(failed.map((task) => task.mistake));
    return told.size === 1 && told.has(name) ? [] : [`wrong/${name} is taken for ${[...told].join(', ')}.`];
  });
}

/** The scenarios by which the real Envoy is asked every request of a lab, in each of its variants. */
export function recordingsOf(
  folder: LabFolder,
): { name: string; scenario: Scenario & { area: string; about: string } }[] {
  return variantsOf(folder).flatMap(([variant, files]) =>
    scenariosOf(folder.lab, files).map((scenario, i) => ({
      name: `${folder.lab.slug}.${variant}${i === 0 ? '' : `.${i + 1}`}`,
      scenario: { area: 'labs', about: `${folder.lab.title}: ${variant}.`, ...scenario },
    })),
  );
}

const VECTORS = 'tests/conformance/vectors/labs';

/** The recordings that are not there, or were made before the lab came to be what it is now. */
export function staleOf(folder: LabFolder): string[] {
  return recordingsOf(folder).flatMap(({ name, scenario }) => {
    const file = join(VECTORS, `${name}.json`);
    if (!existsSync(file)) return [`${name} is not recorded: npm run record -- labs`];
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as Partial<Scenario>;
    // Of a configuration that Envoy refuses there is nothing but the refusal.
    const isAsked = recorded.steps === undefined || askedIn(recorded) === askedIn(scenario);
    return recorded.config === scenario.config && isAsked
      ? []
      : [`${name} has changed since it was recorded: npm run record -- labs`];
  });
}

const askedIn = ({ steps = [], files = {}, upstreams = [] }: Partial<Scenario>): string =>
  JSON.stringify([steps.map(({ request, wait_ms }) => [request, wait_ms]), files, upstreams]);
