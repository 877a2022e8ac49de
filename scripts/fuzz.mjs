// Ten thousand broken configurations and odd requests, seeded: `npm run fuzz [TIMES]`.
import { spawnSync } from 'node:child_process';

const FUZZ_TIMES = process.argv[2] ?? '10000';
const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', 'tests/fuzz.test.ts'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, FUZZ_TIMES },
});
process.exit(status ?? 1);
