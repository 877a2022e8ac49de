/** A whole small world: an Envoy, programmable upstreams, clients, and the time that passes for all of them. */
export { runLoad } from './load_run.ts';
export { playRequests } from './play_requests.ts';
export type { PlayedRequests, RequestList } from './play_requests.ts';
export { MAX_EVENTS, MAX_REQUEST_MS, playScenario } from './play_scenario.ts';
export { BOOTSTRAP_NAME, filesOf, readBootstrap } from './read_bootstrap.ts';
export { readResources } from './read_resources.ts';
export type {
  RequestSpec,
  Scenario,
  SeenRequest,
  ScenarioOutcome,
  Step,
  StepResult,
  UpstreamSpec,
} from './scenario.ts';
export type { TraceRecord, TraceState } from '#envoy';
