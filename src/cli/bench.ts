// Measures the engine, beside the real Envoy where there is one: ENVOY=PATH npm run bench.
import { readFileSync } from 'node:fs';
import YAML from 'yaml';
import { ENVOY_VERSION, openApi } from '#api';
import { runLoad } from '#world';
import { bearerToken, bootstrapOf, PORTS, type Size } from './bench_configs.ts';
import { RealEnvoy } from './bench_real.ts';
import './libraries.ts';

const REQUESTS = 30_000;
/** The first runs are those in which the machine code is made: with fewer runs a case is judged by its place in this list. */
const RUNS = 8;
const LOAD_REQUESTS = 60_000;
const PLAIN: Size = { routes: 1, hosts: 1, filters: 0 };
const HEADERS = { authorization: `Bearer ${bearerToken()}`, 'user-agent': 'bench' };

const api = openApi(readFileSync(`src/api/envoy-v3-${ENVOY_VERSION}.binpb`));
const real = process.env.ENVOY === undefined ? undefined : new RealEnvoy(process.env.ENVOY);

function milliseconds(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

/** Time of this process's own CPU, as the real Envoy's is measured: what else the machine does takes nothing from it. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The best of several runs: what disturbs a measurement only ever makes it longer. */
const best = (runs: number, run: () => number): number => Math.min(...Array.from({ length: runs }, run));

const columns = (name: string, ...cells: string[]): void =>
  console.log(name.padEnd(34) + cells.map((cell) => cell.padStart(13)).join(''));

let starts = 0;
/** From its text to a proxy that is ready. A text that was read last is known: each has one blank more. */
const start = (config: string): object =>
  runLoad(
    api,
    { config: config + ' '.repeat(++starts), upstreams: [], request: { to: '' }, times: 0 },
    { seed: 'bench', trace: false },
  );

function benchReading(): void {
  columns('\nreading, checking, compiling', 'ours', 'real Envoy', 'ours / real');
  const size = (routes: number): object => bootstrapOf({ ...PLAIN, routes });
  const small = YAML.stringify(size(50));
  for (let i = 0; i < 20; i++) start(small);
  columns('50 routes, YAML', `${best(5, () => milliseconds(() => start(small))).toFixed(1)} ms`);
  for (const [name, text] of [
    ['10,000 routes, YAML', YAML.stringify(size(10_000))],
    ['10,000 routes, JSON', JSON.stringify(size(10_000))],
  ] as const) {
    const ours = best(3, () => milliseconds(() => start(text)));
    const theirs = real && best(3, () => real.validateMs(text));
    columns(
      name,
      `${ours.toFixed(0)} ms`,
      theirs === undefined ? '-' : `${theirs.toFixed(0)} ms`,
      theirs === undefined ? '-' : (ours / theirs).toFixed(2),
    );
  }
}

function perSecond(size: Size, trace: boolean, times: number): number {
  const load = {
    config: JSON.stringify(bootstrapOf(size)),
    upstreams: [{ name: 'web', address: `127.0.0.1:${PORTS.upstream}` }],
    request: { to: `127.0.0.1:${PORTS.listener}`, path: '/shop', headers: Object.entries(HEADERS) },
    times,
  };
  const run = (): number => {
    const { statuses, ms } = runLoad(api, load, { seed: 'bench', trace, clock: cpuMs });
    if (statuses['200'] !== times) throw new Error(`Ours answered ${JSON.stringify(statuses)}.`);
    return ms;
  };
  return (times * 1000) / best(RUNS, run);
}

async function benchRequests(): Promise<void> {
  columns('\nrequests a second of CPU', 'untraced', 'traced', 'real, CPU s', 'untraced', 'traced');
  const cases: [string, Size][] = [
    ['1 route, 1 host, no filter', PLAIN],
    ['100 routes', { ...PLAIN, routes: 100 }],
    ['1,000 routes', { ...PLAIN, routes: 1_000 }],
    ['10,000 routes', { ...PLAIN, routes: 10_000 }],
    ['100 hosts', { ...PLAIN, hosts: 100 }],
    ['10,000 hosts', { ...PLAIN, hosts: 10_000 }],
    ['5 filters', { ...PLAIN, filters: 5 }],
    ['10 filters (jwt, rbac, lua, …)', { ...PLAIN, filters: 10 }],
  ];
  for (const [name, size] of cases) {
    const untraced = perSecond(size, false, REQUESTS);
    // Every route that was not reached is told: with many of them a trace is for one request, not for a load.
    const traced = size.routes > 100 ? undefined : perSecond(size, true, REQUESTS / 3);
    const theirs = await real?.requestsPerCpuSecond(bootstrapOf(size), HEADERS, REQUESTS / 3);
    const times = (ours: number | undefined): string =>
      ours === undefined || theirs === undefined ? '-' : `${(ours / theirs).toFixed(1)} ×`;
    columns(
      name,
      untraced.toFixed(0),
      traced === undefined ? '-' : traced.toFixed(0),
      theirs === undefined ? '-' : theirs.toFixed(0),
      times(untraced),
      times(traced),
    );
  }
}

/** A load run with outlier detection, of which one upstream in four fails. */
function benchLoad(): void {
  const outlier = { outlier_detection: { consecutive_5xx: 3, interval: '1s', max_ejection_percent: 50 } };
  const addresses = [1, 2, 3, 4].map((n) => `127.0.1.${n}:80`);
  const lb_endpoints = addresses.map((address) => ({
    endpoint: { address: { socket_address: { address: address.split(':')[0], port_value: 80 } } },
  }));
  const load_assignment = { cluster_name: 'web', endpoints: [{ lb_endpoints }] };
  const config = JSON.stringify(bootstrapOf(PLAIN, { load_assignment, ...outlier }));
  const upstreams = addresses.map((address, i) => ({
    name: `u${i}`,
    address,
    replies: [{ status: i === 0 ? 503 : 200 }],
  }));
  const request = { to: `127.0.0.1:${PORTS.listener}`, path: '/shop' };
  const load = { config, upstreams, request, times: LOAD_REQUESTS };
  const ms = milliseconds(() => runLoad(api, load, { seed: 'bench', trace: false }));
  const memory = process.memoryUsage().rss / 1e6;
  columns(`${LOAD_REQUESTS} requests, outlier detection`, `${(ms / 1000).toFixed(2)} s`, `${memory.toFixed(0)} MB`);
}

function benchMemory(): void {
  const heap = (): number => (globalThis.gc?.(), process.memoryUsage().heapUsed / 1e6);
  perSecond(PLAIN, false, 10_000);
  const before = heap();
  perSecond(PLAIN, false, 100_000 / RUNS);
  columns('heap after 100,000 more requests', `${(heap() - before).toFixed(1)} MB`);
}

// First, so that its memory is its own, and not what the others have left behind.
benchLoad();
benchReading();
await benchRequests();
benchMemory();
if (!real) console.log('\nSet ENVOY to a real Envoy of the same version to have its figures beside ours.');
