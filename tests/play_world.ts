import { readFileSync } from 'node:fs';
import { openApi } from '#api';
import { linkHttpFilters } from '#envoy';
import { playScenario, type Scenario, type SeenRequest, type StepResult } from '#world';

await linkHttpFilters();
const api = openApi(readFileSync(new URL('../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));

/** What became of a scenario, a line for each thing that happened. */
interface PlayedWorld {
  /** What the clients got: status and body of HTTP, or bytes. */
  readonly answers: readonly string[];
  /** What the upstreams got; of requests under way at the same time only how many were asked. */
  readonly upstreams: readonly string[];
  /** Response flags and details of the access log. */
  readonly logged: readonly string[];
  /** How far the counted statistics moved. */
  readonly stats: Readonly<Record<string, number>>;
  readonly said: readonly string[];
}

interface Looks {
  /** The kinds of step whose sentences are kept. */
  readonly kinds: readonly string[];
  readonly counted?: RegExp;
  /** The headers that are shown. */
  readonly headers?: RegExp;
}

/** Plays a scenario, and says what clients, upstreams, the access log, the statistics and the trace say of it. */
export function playWorld(scenario: Scenario, { kinds, counted, headers }: Looks): PlayedWorld {
  const played = playScenario(api, scenario, { seed: '1', trace: true, countsStats: true });
  const results = played.steps.flatMap((step) => step.expect ?? []);
  const shown = (all: readonly (readonly [string, string])[] = []): string =>
    all.map(([name, value]) => (headers?.test(name) ? ` ${name}=${value}` : '')).join('');
  const answerOf = (response: StepResult['response']): string =>
    response?.failed ??
    response?.raw ??
    `${response?.status} ${response?.body}${shown(response?.headers)}${shown(response?.trailers)}`;
  const seenOf = ({ upstream, tcp, grpc, method, path, body, headers: sent }: SeenRequest): string =>
    grpc
      ? `${upstream} ${JSON.stringify(grpc)}`
      : `${upstream} ${tcp ?? `${method} ${path} ${body}${shown(sent)}`}`.trimEnd();
  return {
    answers: results.flatMap((one) => (one.responses ?? [one.response]).map(answerOf)),
    upstreams: results.flatMap(({ upstream, upstream_count: count }) => upstream?.map(seenOf) ?? [`${count} asked`]),
    logged: results
      .flatMap((one) => one.access ?? [])
      .map(({ flags, details, termination }) => `${flags} ${details ?? termination ?? ''}`.trimEnd()),
    stats: Object.fromEntries(Object.entries(played.stats).filter(([name]) => counted?.test(name))),
    said: played.trace.filter(({ kind }) => kinds.includes(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  };
}
