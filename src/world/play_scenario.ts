import type { Api } from '#api';
import { Envoy, RecordingTrace, type StreamRecord } from '#envoy';
import { seededRandom, SimulatedDispatcher } from '#sim';
import { Files } from './files.ts';
import { BOOTSTRAP_NAME, filesOf, readBootstrap } from './read_bootstrap.ts';
import { maskHeaders, maskText } from './masks.ts';
import type { RequestSpec, Scenario, ScenarioOutcome, Step, StepResult } from './scenario.ts';
import { certificatesOf } from './certificates.ts';
import { sendRequest, type SentRequest } from './client.ts';
import { Upstreams } from './upstreams.ts';

/** A run that needs more events than this does not end: a redirect loop, a retry storm. */
export const MAX_EVENTS = 1_000_000;
/** A request still open after this much virtual time has no answer. */
export const MAX_REQUEST_MS = 3_600_000;

/** Virtual time that passes after each step: about what a recording takes. */
const STEP_MS = 25;
/** Between requests that are only counted, nobody waits for logs. */
const REPEAT_MS = 2;
/** Virtual time before the first step, for the first health checks. */
const START_MS = 50;
/** A proxy that has not started by then is used as it is. */
const MAX_START_MS = 10_000;
/** Virtual time after a file or a management server has changed. */
const CHANGE_MS = 300;
/** The command line of the recordings. */
const RECORDED_OPTIONS = {
  drainTimeMs: 1_000,
  parentShutdownTimeMs: 2_000,
  fileFlushIntervalMs: 20,
  logLevel: 'warning',
};

interface World {
  readonly dispatcher: SimulatedDispatcher;
  readonly upstreams: Upstreams;
  readonly files: Files;
  readonly envoy: Envoy;
  readonly trace: RecordingTrace | undefined;
  /** What the access logs of the proxy have said since it was looked at. */
  takeAccess(): StreamRecord[];
}

/** Plays a scenario to its end. The same scenario and seed give the same outcome, trace included. */
export function playScenario(
  api: Api,
  scenario: Scenario,
  options: { seed: string; trace: boolean; countsStats?: boolean },
): ScenarioOutcome {
  const { value, diagnostics } = readBootstrap(api, scenario.config, filesOf(scenario));
  if (!value || diagnostics.some((one) => one.severity === 'error'))
    return { steps: [...scenario.steps], stats: {}, trace: [], traceEnds: [], diagnostics };
  const dispatcher = new SimulatedDispatcher();
  const trace = options.trace ? new RecordingTrace(() => dispatcher.nowMs) : undefined;
  const certificates = certificatesOf(scenario);
  const upstreams = new Upstreams(scenario.upstreams, dispatcher, { certificates });
  const files = new Files(scenario.files ?? {}, dispatcher);
  const random = seededRandom(options.seed);
  let access: StreamRecord[] = [];
  const envoy = new Envoy(
    value,
    { resource: BOOTSTRAP_NAME, path: [] },
    {
      api,
      dispatcher,
      random,
      network: upstreams,
      fileSystem: files,
      trace,
      options: { ...RECORDED_OPTIONS, ...nodeOptions(scenario) },
      certificates,
      logged: (record) => void access.push(record),
    },
  );
  awaitStart(envoy, dispatcher);
  const before = options.countsStats === true ? envoy.stats.snapshot() : undefined;
  const world: World = {
    dispatcher,
    upstreams,
    files,
    envoy,
    trace,
    takeAccess: () => {
      const taken = access;
      access = [];
      return taken;
    },
  };
  const traceEnds: number[] = [];
  const steps = scenario.steps.map((step) => {
    const played = playStep(world, step);
    traceEnds.push(trace?.records.length ?? 0);
    return played;
  });
  const stats = before ? changed(before, envoy.stats.snapshot()) : {};
  return { steps, stats, trace: trace?.records ?? [], traceEnds, diagnostics };
}

/** `--service-node` and `--service-cluster`. */
const nodeOptions = ({ node }: Scenario): { serviceNode?: string; serviceCluster?: string } =>
  node ? { serviceNode: node.id, serviceCluster: node.cluster ?? 'c' } : {};

/** Waits for the proxy's start, and then a while, in which the first health checks are answered. */
function awaitStart(envoy: Envoy, dispatcher: SimulatedDispatcher): void {
  if (!envoy.isLive) dispatcher.run({ untilMs: MAX_START_MS, events: MAX_EVENTS, isDone: () => envoy.isLive });
  dispatcher.run({ untilMs: dispatcher.nowMs + START_MS, events: MAX_EVENTS });
}

/** What a recording leaves out: it depends on the machine and the moment, or tells of the recorder. */
const UNRECORDED =
  /_ms$|bytes|\bmemory|_length|cx_active|cx_max|version|live|uptime|workers|hot_restart|^server\.|^runtime\.|filesystem\.|^main_thread|^listener_manager\.|^dns\.|^access_logs|^overload|^thread_local|^tls_|^vhost.*_time|worker_\d|admin/;

/** What moved since the start, gauges by how much they differ. */
function changed(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const kept = [...after].filter(([name]) => !UNRECORDED.test(name));
  const moved = kept.map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(moved.filter(([, value]) => value !== 0).sort());
}

function playStep(world: World, step: Step): Step & { expect?: StepResult } {
  if (step.wait_ms !== undefined) pass(world.dispatcher, step.wait_ms);
  if (step.log !== undefined)
    return { ...step, expect: { lines: linesOf(world.envoy.files.get(step.log) ?? '', step.mask ?? []) } };
  if (step.write !== undefined || step.ads !== undefined) return { ...step, ...changeConfig(world, step) };
  if (step.upstream !== undefined) world.upstreams.change(step.upstream, step);
  if (step.admin !== undefined) return { ...step, expect: askAdmin(world, step.admin, step) };
  if (step.parallel) return { ...step, expect: sendTogether(world, step.parallel) };
  if (!step.request) return step;
  return {
    ...step,
    expect:
      step.repeat === undefined
        ? ordered(send(world, step.request), step.any_order === true)
        : sendMany(world, step.request, step.repeat),
  };
}

/** A file or a management server changes, and Envoy has time to follow. */
function changeConfig({ dispatcher, upstreams, files }: World, step: Step): { expect?: StepResult } {
  for (const [name, text] of Object.entries(step.write ?? {})) files.write(name, text);
  const server = step.ads === undefined ? undefined : upstreams.managementServer(step.ads);
  if (step.set) server?.set(step.set);
  dispatcher.run({ untilMs: dispatcher.nowMs + (step.settle_ms ?? CHANGE_MS), events: MAX_EVENTS });
  return server ? { expect: { xds: server.taken() } } : {};
}

/** What is left of the time varies from run to run: FORMAT leaves it out of all but the first request that arrived. */
function ordered(result: StepResult, byName: boolean): StepResult {
  const seen = [...(result.upstream ?? [])];
  if (byName) seen.sort((a, b) => (a.upstream < b.upstream ? -1 : a.upstream > b.upstream ? 1 : 0));
  const later = (pairs: [string, string][]): [string, string][] =>
    pairs.map(([name, value]) => [name, name === 'x-envoy-expected-rq-timeout-ms' ? '<ms>' : value]);
  return {
    ...result,
    upstream: seen.map((one, i) => (i > 0 && one.headers ? { ...one, headers: later(one.headers) } : one)),
  };
}

function askAdmin({ envoy }: World, path: string, { method = 'GET', grep, pick }: Step): StepResult {
  const { status, body } = envoy.admin.request(path, method);
  const pattern = grep === undefined ? undefined : new RegExp(grep);
  const lines =
    pattern &&
    body
      .split('\n')
      .filter((line) => pattern.test(line))
      .sort();
  const json = pick && jsonIn(body);
  const picked = pick?.map((one) => [one, valuesAt(json, one)] as const);
  return { status, ...(lines ? { lines } : {}), ...(picked ? { picked } : {}) };
}

/** Undefined for a page that is none: what the admin interface refuses it says in words. */
function jsonIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The values at a dotted path; `*` stands for every member. */
function valuesAt(value: unknown, path: string): unknown[] {
  let now: unknown[] = [value];
  for (const part of path.split('.')) {
    now = now.flatMap((one) =>
      typeof one !== 'object' || one === null
        ? []
        : part === '*'
          ? Object.values(one)
          : [(one as Record<string, unknown>)[part]],
    );
  }
  return now.filter((one) => one !== undefined);
}

/** The lines of a log file; what fits a mask varies from run to run. */
function linesOf(text: string, masks: readonly string[]): string[] {
  const patterns = masks.map((mask) => new RegExp(mask, 'g'));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => patterns.reduce((masked, pattern) => masked.replace(pattern, '<masked>'), maskText(line)));
}

function sendMany(world: World, request: RequestSpec, times: number): StepResult {
  const counts: Record<string, number> = {};
  const count = (key: string): void => void (counts[key] = (counts[key] ?? 0) + 1);
  for (let i = 0; i < times; i++) {
    const { response, upstream } = send(world, request, REPEAT_MS);
    count(`status ${response?.status ?? response?.failed}`);
    for (const one of upstream ?? []) count(`upstream ${one.upstream}`);
  }
  return { counts };
}

/** What is said of a request that has no answer when its run is over. */
const WHY_STOPPED = {
  idle: 'Nothing is left that could answer: the upstream is silent, and no timeout is set.',
  time_limit: `The run was stopped after ${MAX_REQUEST_MS / 60_000} minutes of virtual time: nobody answers.`,
  event_limit: `The run was stopped after ${MAX_EVENTS} events: something here goes on without end, such as retries or redirects.`,
} as const;

/** Runs until all have their answer, and then a while, in which logs are written and copies sent. */
function settle({ dispatcher, trace }: World, sent: readonly (SentRequest | undefined)[], afterMs = STEP_MS): void {
  const isDone = (): boolean => sent.every((one) => one?.isOver);
  const limits = { untilMs: dispatcher.nowMs + MAX_REQUEST_MS, events: MAX_EVENTS, isDone };
  const end = isDone() ? 'done' : dispatcher.run(limits);
  if (end !== 'done' && !isDone()) trace?.record({ kind: 'run_stopped', state: 'failed', sentence: WHY_STOPPED[end] });
  pass(dispatcher, afterMs);
}

/** Time passes even when nothing is due in it. */
function pass(dispatcher: SimulatedDispatcher, ms: number): void {
  dispatcher.createTimer('pass', ms, () => undefined);
  dispatcher.run({ untilMs: dispatcher.nowMs + ms, events: MAX_EVENTS });
}

function send(world: World, spec: RequestSpec, afterMs = STEP_MS): StepResult {
  world.upstreams.seen = [];
  world.takeAccess();
  const sent = sendRequest(world, spec);
  settle(world, [sent], afterMs);
  const upstream = world.upstreams.seen.map((one) => ({
    ...one,
    ...(one.headers && { headers: maskHeaders(one.headers, spec.headers) }),
    ...(one.tcp !== undefined && { tcp: maskText(one.tcp) }),
  }));
  return { response: sent.response, access: world.takeAccess(), upstream };
}

function sendTogether(world: World, specs: readonly (RequestSpec & { after_ms?: number })[]): StepResult {
  world.upstreams.seen = [];
  const before = world.upstreams.seenTotal;
  world.takeAccess();
  const sent: (SentRequest | undefined)[] = specs.map(() => undefined);
  for (const [i, spec] of specs.entries())
    world.dispatcher.createTimer('request', spec.after_ms ?? 0, () => void (sent[i] = sendRequest(world, spec)));
  settle(world, sent);
  const access = world
    .takeAccess()
    .map(({ flags, code, details }) => ({ flags, code, details }) as Record<string, string | number>);
  const inOrder = access.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return {
    responses: sent.map((one) => one?.response),
    upstream_count: world.upstreams.seenTotal - before,
    access: inOrder,
  };
}
