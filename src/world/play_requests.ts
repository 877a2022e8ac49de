import type { Api, ReadConfig } from '#api';
import type { TraceRecord } from '#envoy';
import { playScenario } from './play_scenario.ts';
import { filesOf, readBootstrap } from './read_bootstrap.ts';
import type { RequestSpec, Scenario, StepResult, UpstreamSpec } from './scenario.ts';

/** Requests that are sent one after the other through one proxy, whose state they share. */
export interface RequestList extends Pick<Scenario, 'files' | 'certificates'> {
  readonly config: string;
  readonly upstreams: readonly UpstreamSpec[];
  readonly requests: readonly RequestSpec[];
}

interface PlayedRequest {
  readonly result: StepResult;
  /** The part of the trace that belongs to this request. */
  readonly trace: readonly TraceRecord[];
}

export interface PlayedRequests {
  readonly read: ReadConfig;
  /** Empty where Envoy would not start with the configuration. */
  readonly played: readonly PlayedRequest[];
}

/** The same list and seed give the same answers and the same trace. */
export function playRequests(api: Api, list: RequestList, seed: string): PlayedRequests {
  const read = readBootstrap(api, list.config, filesOf(list));
  const steps = list.requests.map((request) => ({ request }));
  const outcome = playScenario(api, { ...list, steps }, { seed, trace: true });
  const played = outcome.traceEnds.map((end, i) => ({
    result: outcome.steps[i]?.expect ?? {},
    trace: outcome.trace.slice(i === 0 ? 0 : outcome.traceEnds[i - 1], end),
  }));
  return { read, played };
}
