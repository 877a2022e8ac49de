import type { Api } from '#api';
import { Envoy, HeaderMap, RecordingTrace } from '#envoy';
import { seededRandom, SimulatedDispatcher } from '#sim';
import { readBootstrap } from './read_bootstrap.ts';
import type { RequestSpec, UpstreamSpec } from './scenario.ts';
import { Upstreams } from './upstreams.ts';

export interface LoadOutcome {
  readonly statuses: Readonly<Record<string, number>>;
  /** Trace events recorded, over all requests. */
  readonly events: number;
  /** Time that the requests took by the clock of whoever asks, reading and compiling not included; 0 without a clock. */
  readonly ms: number;
}

/** Sends the same request many times, one after the other, and keeps only counts: for load runs and measurements. */
export function runLoad(
  api: Api,
  load: { config: string; upstreams: readonly UpstreamSpec[]; request: RequestSpec; times: number },
  options: { seed: string; trace: boolean; clock?: () => number },
): LoadOutcome {
  const { value } = readBootstrap(api, load.config);
  const dispatcher = new SimulatedDispatcher();
  const trace = options.trace ? new RecordingTrace(() => dispatcher.nowMs) : undefined;
  const upstreams = new Upstreams(load.upstreams, dispatcher, { notes: false });
  const envoy = new Envoy(
    value ?? {},
    { resource: 'envoy.yaml', path: [] },
    { api, dispatcher, random: seededRandom(options.seed), network: upstreams, trace },
  );
  const statuses: Record<string, number> = {};
  let events = 0;
  const remoteAddress = '127.0.0.1:40000';
  const connection = {
    localAddress: load.request.to,
    remoteAddress,
    directRemoteAddress: remoteAddress,
    protocol: 'http1' as const,
  };
  const { clock = () => 0 } = options;
  const started = clock();
  for (let i = 0; i < load.times; i++) {
    let isOver = false;
    const headers = new HeaderMap([
      [':method', load.request.method ?? 'GET'],
      [':path', load.request.path ?? '/'],
      [':authority', load.request.authority ?? 'example.com'],
      ...(load.request.headers ?? []),
    ]);
    envoy.request(connection, { headers, body: '' }, (done) => {
      isOver = true;
      const status = String(done?.status ?? 'closed');
      statuses[status] = (statuses[status] ?? 0) + 1;
    });
    if (!isOver) dispatcher.run({ untilMs: dispatcher.nowMs + 60_000, events: 10_000, isDone: () => isOver });
    events += trace?.records.length ?? 0;
    if (trace) trace.records.length = 0;
  }
  return { statuses, events, ms: clock() - started };
}
