// Runs every check and test, and ends with the line `N passed, N failed` over all of them.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

const REPORT = 'out/vitest.json';
const total = { passed: 0, failed: 0 };

function run(command, args) {
  return (
    spawnSync('npx', ['--no-install', command, ...args], { stdio: 'inherit', shell: process.platform === 'win32' })
      .status === 0
  );
}

function check(name, command, args) {
  const isGood = run(command, args);
  total[isGood ? 'passed' : 'failed']++;
  console.log(`${isGood ? 'ok' : 'NOT OK'}: ${name}`);
}

/** Runs a Vitest configuration and adds up its tests; a run without a report counts as a failure. */
function tests(config) {
  rmSync(REPORT, { force: true });
  const isGood = run('vitest', [
    'run',
    '--config',
    config,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${REPORT}`,
  ]);
  try {
    const report = JSON.parse(readFileSync(REPORT, 'utf8'));
    total.passed += report.numPassedTests;
    total.failed += report.numFailedTests;
    if (!isGood && report.numFailedTests === 0) total.failed++;
  } catch {
    total.failed++;
  }
}

check('generated types of the site', 'svelte-kit', ['sync']);
check('types of the core', 'tsc', ['-p', 'tsconfig.core.json']);
check('rules of the code', 'eslint', ['src', 'tests', 'scripts']);
check('layers and front doors', 'depcruise', ['src', '--config', '.dependency-cruiser.mjs']);
check('nothing dead', 'knip', []);
check('fidelity as published', 'tsx', ['src/cli/fidelity.ts', '--check']);
check('format', 'prettier', ['--check', 'src', 'tests', 'scripts']);
tests('vitest.config.ts');
check('build of the site', 'vite', ['build', '--logLevel', 'warn']);
check('types of the pages', 'svelte-check', ['--tsconfig', './tsconfig.json', '--threshold', 'error']);
tests('vitest.e2e.config.ts');
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);
