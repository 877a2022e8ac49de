import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PORTS } from './bench_configs.ts';

const CLIENTS = 16;

/** The real Envoy, driven by a load generator on this machine; measured by its own CPU time, not the generator's. */
export class RealEnvoy {
  readonly #binary: string;

  constructor(binary: string) {
    this.#binary = binary;
  }

  /** Milliseconds that `--mode validate` takes for a text. */
  validateMs(config: string): number {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    writeFileSync(join(folder, 'envoy.yaml'), config);
    const started = performance.now();
    spawnSync(this.#binary, ['--mode', 'validate', '-c', join(folder, 'envoy.yaml'), '-l', 'error']);
    const ms = performance.now() - started;
    rmSync(folder, { recursive: true });
    return ms;
  }

  /** Requests that one worker serves in a second of its CPU. */
  async requestsPerCpuSecond(bootstrap: object, headers: Record<string, string>, times: number): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    writeFileSync(join(folder, 'envoy.json'), JSON.stringify(bootstrap));
    const upstream = http.createServer((_, response) => response.end('web\n')).listen(PORTS.upstream, '127.0.0.1');
    const args = ['-c', join(folder, 'envoy.json'), '--concurrency', '1', '--use-dynamic-base-id', '-l', 'off'];
    const envoy = spawn(this.#binary, args, { stdio: 'ignore' });
    const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
    try {
      await this.#ready(agent);
      await send(agent, headers, 2_000);
      const before = cpuSeconds(envoy);
      await send(agent, headers, times);
      return times / (cpuSeconds(envoy) - before);
    } finally {
      envoy.kill('SIGKILL');
      upstream.close();
      agent.destroy();
      rmSync(folder, { recursive: true });
    }
  }

  async #ready(agent: http.Agent): Promise<void> {
    for (let i = 0; i < 400; i++) {
      if ((await get(agent, PORTS.admin, '/ready', {}).catch(() => 0)) === 200) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error('The real Envoy did not become ready.');
  }
}

/** Linux only. */
function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const get = (agent: http.Agent, port: number, path: string, headers: Record<string, string>): Promise<number> =>
  new Promise((done, fail) => {
    http
      .get({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
        response.resume().on('end', () => done(response.statusCode ?? 0));
      })
      .on('error', fail);
  });

async function send(agent: http.Agent, headers: Record<string, string>, times: number): Promise<void> {
  for (let i = 0; i < times / CLIENTS; i++) {
    const statuses = await Promise.all(
      Array.from({ length: CLIENTS }, () => get(agent, PORTS.listener, '/shop', headers)),
    );
    const odd = statuses.find((status) => status !== 200);
    if (odd !== undefined) throw new Error(`The real Envoy answered ${odd}: it does not do what is measured.`);
  }
}
