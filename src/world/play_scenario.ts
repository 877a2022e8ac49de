import type { Api, ReadConfig } from '#api';
import { checkBootstrap, encodeHttp1, Envoy, HeaderMap, needsLength, negotiatedAlpn, RecordingTrace, type Connection, type HttpResponse } from '#envoy';
import { seededRandom, SimulatedDispatcher } from '#sim';
import type { RequestSpec, Scenario, ScenarioOutcome, Step, StepResult } from './scenario.ts';
import { Upstreams } from './upstreams.ts';

/** A run that needs more events than this does not end: a redirect loop, a retry storm. */
export const MAX_EVENTS = 1_000_000;
/** A request still open after this much virtual time has no answer. */
export const MAX_REQUEST_MS = 3_600_000;

const CLIENT_PORT = 40_000;
const BOOTSTRAP = { resource: 'envoy.yaml', type: 'envoy.config.bootstrap.v3.Bootstrap' };

interface World {
  readonly dispatcher: SimulatedDispatcher;
  readonly upstreams: Upstreams;
  readonly envoy: Envoy;
  readonly scenario: Scenario;
}

/** Plays a scenario to its end. The same scenario and seed give the same outcome, trace included. */
export function playScenario(api: Api, scenario: Scenario, options: { seed: string; trace: boolean }): ScenarioOutcome {
  const { value, diagnostics } = readBootstrap(api, scenario.config);
  if (!value || diagnostics.some((one) => one.severity === 'error')) return { steps: [...scenario.steps], stats: {}, trace: [], diagnostics };
  const dispatcher = new SimulatedDispatcher();
  const trace = options.trace ? new RecordingTrace(() => dispatcher.nowMs) : undefined;
  const upstreams = new Upstreams(scenario.upstreams, dispatcher);
  const random = seededRandom(options.seed);
  const envoy = new Envoy(value, { resource: BOOTSTRAP.resource, path: [] }, { dispatcher, random, network: upstreams, trace });
  const world = { dispatcher, upstreams, envoy, scenario };
  const steps = scenario.steps.map((step) => playStep(world, step));
  return { steps, stats: Object.fromEntries([...envoy.stats.counters].sort()), trace: trace?.records ?? [], diagnostics };
}

/** Reads a bootstrap and judges it as Envoy does at start: its fields, then what they mean together. */
export function readBootstrap(api: Api, config: string): ReadConfig {
  const read = api.read(config, BOOTSTRAP);
  const isReadable = read.value && !read.diagnostics.some((one) => one.severity === 'error');
  const checked = isReadable ? checkBootstrap(read.value!, { resource: BOOTSTRAP.resource, path: [] }) : [];
  const placed = checked.map((one) => {
    const range = read.rangeOf(one.ref.path);
    return range ? { ...one, range } : one;
  });
  return { ...read, diagnostics: [...read.diagnostics, ...placed] };
}

function playStep(world: World, step: Step): Step & { expect?: StepResult } {
  if (step.wait_ms !== undefined) world.dispatcher.run({ untilMs: world.dispatcher.nowMs + step.wait_ms, events: MAX_EVENTS });
  if (step.log !== undefined) return { ...step, expect: { lines: linesOf(world.envoy.files.get(step.log) ?? '', step.mask ?? []) } };
  if (!step.request) return step;
  return { ...step, expect: step.repeat === undefined ? send(world, step.request) : sendMany(world, step.request, step.repeat) };
}

/** The lines of a log file; what fits a mask varies from run to run. */
function linesOf(text: string, masks: readonly string[]): string[] {
  const patterns = masks.map((mask) => new RegExp(mask, 'g'));
  return text.split('\n').filter((line) => line !== '').map((line) => patterns.reduce((masked, pattern) => masked.replace(pattern, '<masked>'), line));
}

function sendMany(world: World, request: RequestSpec, times: number): StepResult {
  const counts: Record<string, number> = {};
  const count = (key: string): void => void (counts[key] = (counts[key] ?? 0) + 1);
  for (let i = 0; i < times; i++) {
    const { response, upstream } = send(world, request);
    count(`status ${response?.status ?? response?.failed}`);
    for (const one of upstream ?? []) count(`upstream ${one.upstream}`);
  }
  return { counts };
}

function send(world: World, spec: RequestSpec): StepResult {
  const { envoy, dispatcher, upstreams } = world;
  const connection = connectionOf(spec);
  upstreams.seen = [];
  let result: StepResult = { response: spec.raw === undefined ? { failed: 'ECONNRESET' } : { raw: '' }, upstream: [], access: [] };
  const bytes = spec.raw === undefined ? { headers: headersOf(spec), body: bodyOf(spec) ?? '' } : { raw: spec.raw };
  envoy.request(connection, bytes, (done) => {
    if (!done) return;
    const { response, log, chain, detected } = done;
    const certificate = chain.node.ref.path.length > 0 && connection.tls ? { tls: tlsFacts(world, chain, connection) } : {};
    const entry = {
      kind: 'http', attempts: 0, 
      remote: connection.remoteAddress.replace(/:\d+$/, ''), ...log,
      ...(chain.name === '' ? {} : { filter_chain: chain.name }), ...(detected.sni === undefined ? {} : { sni: detected.sni }),
    };
    if (spec.raw !== undefined) {
      for (const name of ['x-envoy-upstream-service-time']) if (response.headers.get(name) !== undefined) response.headers.set(name, '<ms>');
      result = { response: { raw: encodeHttp1(response, String(log['protocol']), done.closes) }, access: [entry] };
    } else {
      if (connection.protocol === 'http1' && spec.method !== 'HEAD' && needsLength(response)) response.headers.add('content-length', '0');
      result = { response: { status: response.status, headers: response.headers.pairs(), body: response.body, ...trailersOf(response), ...certificate }, access: [entry] };
    }
  });
  const untilMs = dispatcher.nowMs + MAX_REQUEST_MS;
  dispatcher.run({ untilMs, events: MAX_EVENTS });
  const volatile = (pairs: [string, string][] | undefined): [string, string][] => (pairs ?? []).map(([name, value]) => [name, name === 'x-envoy-upstream-service-time' ? '<ms>' : value]);
  const response = result.response?.headers ? { ...result.response, headers: volatile(result.response.headers) } : result.response!;
  return { ...result, response, upstream: upstreams.seen };
}

const trailersOf = ({ trailers }: HttpResponse): { trailers?: [string, string][] } => (trailers ? { trailers: trailers.pairs() } : {});

function tlsFacts(world: World, chain: Parameters<typeof negotiatedAlpn>[0], connection: Connection): { cn: string; alpn?: string } {
  const alpn = negotiatedAlpn(chain, connection.tls?.alpn ?? []);
  return { cn: commonName(world, JSON.stringify(chain.node.value)), ...(alpn === undefined ? {} : { alpn }) };
}

/** The common name of the certificate that a chain shows, by the name of its file: `certs/NAME.pem`. */
function commonName(world: World, chain: string): string {
  const file = /certs\/([^"]+)\.pem/.exec(chain)?.[1] ?? '';
  return world.scenario.certificates?.[file]?.cn ?? file;
}

function connectionOf(spec: RequestSpec): Connection {
  return {
    localAddress: spec.to,
    remoteAddress: `${spec.from ?? '127.0.0.1'}:${CLIENT_PORT}`,
    protocol: spec.protocol ?? 'http1',
    ...(spec.tls ? { tls: { ...spec.tls, ...(spec.tls.cert === undefined ? {} : { clientCertificate: spec.tls.cert }) } } : {}),
  };
}

const bodyOf = (spec: RequestSpec): string | undefined => spec.body ?? spec.chunks?.join('') ?? (spec.body_size === undefined ? undefined : 'x'.repeat(spec.body_size));

function headersOf(spec: RequestSpec): HeaderMap {
  const headers = new HeaderMap([[':method', spec.method ?? 'GET'], [':path', spec.path ?? '/']]);
  if (spec.authority !== null) headers.add(':authority', spec.authority ?? 'example.com');
  for (const [name, value] of spec.headers ?? []) headers.add(name.toLowerCase(), value);
  const body = bodyOf(spec);
  if (body !== undefined && !spec.chunks && headers.get('content-length') === undefined) headers.add('content-length', String(body.length));
  return headers;
}
