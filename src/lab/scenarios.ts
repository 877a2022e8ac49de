import type { RequestSpec, Scenario, Step } from '#world';
import type { CheckedRequest, Lab, LabRequest, Observation } from './lab.ts';

type Files = Readonly<Record<string, string>>;
type Sent = Pick<CheckedRequest, 'request' | 'wait_ms'>;

export const addressed = (lab: Lab, request: LabRequest): RequestSpec => ({ to: lab.to, ...request });

export function worldOf(lab: Lab, files: Files): Omit<Scenario, 'steps'> {
  const [bootstrap, ...others] = lab.edit;
  return {
    config: files[bootstrap!] ?? '',
    upstreams: lab.upstreams,
    ...(others.length > 0 ? { files: Object.fromEntries(others.map((name) => [name, files[name] ?? ''])) } : {}),
  };
}

export const stepsOf = (lab: Lab, sent: readonly Sent[]): Step[] =>
  sent.flatMap(({ request, wait_ms }) => [...(wait_ms > 0 ? [{ wait_ms }] : []), { request: addressed(lab, request) }]);

/** What an observation sends: its request, so many times. */
export const sentBy = ({ request, times = 1 }: Extract<Observation, { request: unknown }>): Sent[] =>
  Array.from({ length: times }, () => ({ request, wait_ms: 0 }));

/**
 * Every request of the lab against one configuration: what the real Envoy is asked as well. The first scenario has all
 * those that stand for themselves, each once; then comes one for each list in which order and time count.
 */
export function scenariosOf(lab: Lab, files: Files): Scenario[] {
  const observations = observationsOf(lab);
  const ordered = [
    ...lab.checks.filter((check) => check.ordered || check.times > 1).map((check) => check.requests),
    ...observations.filter((one) => one.times !== undefined).map(sentBy),
  ];
  const lists = [singleOf(lab), ...ordered];
  return lists.map((sent) => ({ ...worldOf(lab, files), steps: stepsOf(lab, sent) }));
}

/** The requests that stand for themselves, each once: one Envoy answers them all. */
export function singleOf(lab: Lab): Sent[] {
  const sent = [
    { request: lab.first, wait_ms: 0 },
    ...lab.checks.filter((check) => !check.ordered && check.times === 1).flatMap((check) => check.requests),
    ...observationsOf(lab)
      .filter((one) => one.times === undefined)
      .flatMap(sentBy),
  ];
  const byText = new Map(sent.map((one) => [JSON.stringify(one.request), one]));
  return [...byText.values()];
}

const observationsOf = (lab: Lab): Extract<Observation, { request: unknown }>[] =>
  lab.mistakes.flatMap(({ when }) => when.flatMap((one) => ('request' in one ? [one] : [])));
