import type { Scenario, ScenarioOutcome } from '#world';

type Pairs = readonly (readonly [string, string])[];
interface Result {
  readonly response?: {
    readonly status?: number;
    readonly body?: string;
    readonly headers?: Pairs;
    readonly failed?: string;
    readonly raw?: string;
  };
  readonly upstream?: readonly { readonly upstream: string; readonly path?: string; readonly headers?: Pairs }[];
  readonly access?: readonly Record<string, unknown>[];
  readonly counts?: Record<string, number>;
  readonly lines?: readonly string[];
  readonly picked?: unknown;
  readonly status?: number;
  readonly responses?: readonly Result['response'][];
  readonly upstream_count?: number;
}
export interface Vector extends Scenario {
  readonly name: string;
  readonly area: string;
  readonly kind: 'envoy' | 'envoy-validate';
  readonly expect?: { readonly ok: boolean };
  readonly mentions?: readonly string[];
  readonly steps: readonly (Scenario['steps'][number] & { readonly expect?: Result; readonly tolerance?: number })[];
}

/** What the simulator did otherwise than the real Envoy, a line each: responses, upstream requests, access log, shares. */
export function differences(vector: Vector, outcome: ScenarioOutcome): string[] {
  return vector.steps.flatMap((step, i) => {
    if (!step.expect) return [];
    const got = (outcome.steps[i]?.expect ?? {}) as Result;
    const pairs = step.expect.counts
      ? sharesOf(step.expect, got, step)
      : factsOf(step.expect).map((fact, n) => [fact, factsOf(got)[n]] as const);
    return pairs.flatMap(([want, have]) => (want === have ? [] : [`step ${i + 1}: real ${want}, simulated ${have}`]));
  });
}

function factsOf({ response, responses, upstream, upstream_count, access, lines, picked, status }: Result): string[] {
  return [
    responseText(response),
    (responses ?? []).map(responseText).join('; '),
    JSON.stringify([upstream_count, lines, picked, status]),
    (upstream ?? []).map((one) => `${one.upstream} ${one.path} ${multimap(one.headers)}`).join('; '),
    (access ?? []).map((line) => JSON.stringify(Object.entries(line).sort())).join('; '),
  ];
}

function responseText(response: Result['response']): string {
  if (response?.raw !== undefined) return linesOf(response.raw);
  if (response?.failed !== undefined) return 'no response';
  return `${response?.status} ${JSON.stringify(response?.body)} ${multimap(response?.headers)}`;
}

/** Raw bytes with each message's header lines in one order. */
const linesOf = (raw: string): string =>
  raw
    .split('\r\n\r\n')
    .map((part) => part.split('\r\n').sort().join('\n'))
    .join('\n\n');

const multimap = (pairs: Pairs = []): string =>
  pairs
    .map((pair) => pair.join(': '))
    .sort()
    .join(', ');

/** A share that lies within the step's tolerance counts as equal. */
function sharesOf(
  want: Result,
  got: Result,
  step: { repeat?: number; tolerance?: number },
): (readonly [string, string])[] {
  const near = Math.max(2, (step.tolerance ?? 0.1) * (step.repeat ?? 0));
  return Object.entries(want.counts ?? {}).map(([key, count]) => {
    const have = got.counts?.[key] ?? 0;
    return [`${key}: ${count}`, `${key}: ${Math.abs(have - count) <= near ? count : have}`] as const;
  });
}
