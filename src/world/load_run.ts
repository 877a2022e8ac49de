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
  let isOver = true;
  const client = new LoadClient(envoy, load.request.to, (status) => {
    // A connection that ends behind its answer is not counted once more.
    if (isOver) return;
    isOver = true;
    statuses[status] = (statuses[status] ?? 0) + 1;
  });
  const { clock = () => 0 } = options;
  const started = clock();
  for (let i = 0; i < load.times; i++) {
    isOver = false;
    client.send(load.request);
    if (!isOver) dispatcher.run({ untilMs: dispatcher.nowMs + 60_000, events: 10_000, isDone: () => isOver });
    events += trace?.records.length ?? 0;
    if (trace) trace.records.length = 0;
  }
  return { statuses, events, ms: clock() - started };
}

/** Sends one request after the other on a connection that it keeps as long as the proxy does. */
class LoadClient {
  readonly #envoy: Envoy;
  readonly #to: string;
  readonly #answered: (status: string) => void;
  #connection: ReturnType<Envoy['connect']>;

  constructor(envoy: Envoy, to: string, answered: (status: string) => void) {
    this.#envoy = envoy;
    this.#to = to;
    this.#answered = answered;
  }

  send(request: RequestSpec): void {
    this.#connection ??= this.#connect();
    if (!this.#connection) return this.#answered('closed');
    const headers = new HeaderMap([
      [':method', request.method ?? 'GET'],
      [':path', request.path ?? '/'],
      [':authority', request.authority ?? 'example.com'],
      ...(request.headers ?? []),
    ]);
    this.#connection.receive({ kind: 'request', protocol: 'http1', headers, body: '' });
  }

  #connect(): ReturnType<Envoy['connect']> {
    const remoteAddress = '127.0.0.1:40000';
    const facts = {
      localAddress: this.#to,
      remoteAddress,
      directRemoteAddress: remoteAddress,
      protocol: 'http1' as const,
    };
    return this.#envoy.connect(facts, undefined, {
      onData: (payload) => this.#answered(payload.kind === 'response' ? String(payload.response.status) : 'closed'),
      onClose: () => {
        this.#connection = undefined;
        this.#answered('closed');
      },
    });
  }
}
