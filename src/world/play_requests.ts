import type { Api, ReadConfig } from '#api';
import type { TraceRecord } from '#envoy';
import { playScenario, readBootstrap } from './play_scenario.ts';
import type { RequestSpec, StepResult, UpstreamSpec } from './scenario.ts';

/** Requests that are sent one after the other through one proxy, whose state they share. */
export interface RequestList {
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
  const read = readBootstrap(api, list.config);
  const steps = list.requests.map((request) => ({ request }));
  const outcome = playScenario(api, { config: list.config, upstreams: list.upstreams, steps }, { seed, trace: true });
  const played = outcome.traceEnds.map((end, i) => ({
    result: outcome.steps[i]?.expect ?? {},
    trace: outcome.trace.slice(i === 0 ? 0 : outcome.traceEnds[i - 1], end),
  }));
  return { read, played };
}
