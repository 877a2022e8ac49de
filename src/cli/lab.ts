// npm run lab check [SLUG…]        proves of each lab what it promises
// npm run lab new TRACK SLUG       makes a lab that runs: TRACK is a folder of labs/, such as 01-config-dump
// npm run lab scenarios FOLDER     writes what the real Envoy is to be asked, for `npm run record -- labs`
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVOY_VERSION, openApi } from '#api';
import { readBootstrap } from '#world';
import './libraries.ts';
import { labsOnDisk } from './lab_files.ts';
import { faultsOf, recordingsOf, staleOf } from './lab_proof.ts';

const api = openApi(readFileSync(new URL(`../api/envoy-v3-${ENVOY_VERSION}.binpb`, import.meta.url)));
const TEMPLATE = '01-config-dump/01-unknown-host';

function check(slugs: readonly string[]): number {
  const { labs, problems } = labsOnDisk();
  for (const { ref, range, message } of problems) console.log(`✗ ${ref.resource}:${range?.line ?? 1} ${message}`);
  const wanted = labs.filter(({ lab }) => slugs.length === 0 || slugs.includes(lab.slug));
  const unknown = slugs.filter((slug) => !labs.some(({ lab }) => lab.slug === slug));
  for (const slug of unknown)
    console.log(`✗ There is no lab \`${slug}\`: ${labs.map(({ lab }) => lab.slug).join(', ')}.`);
  let failed = problems.length + unknown.length;
  for (const folder of wanted) {
    const faults = [...faultsOf(api, folder), ...staleOf(folder)];
    failed += faults.length > 0 ? 1 : 0;
    console.log(`${faults.length > 0 ? '✗' : '●'} ${folder.path}: ${folder.lab.title}`);
    for (const fault of faults) console.log(`    ${fault}`);
  }
  console.log(`${wanted.length - Math.min(failed, wanted.length)} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

function create(track: string | undefined, slug: string | undefined): number {
  if (track === undefined || slug === undefined || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug)) {
    console.error('usage: npm run lab new TRACK SLUG   (npm run lab new 01-config-dump my-lab)');
    return 2;
  }
  const known = labsOnDisk().labs.find(({ lab }) => lab.slug === slug);
  if (known) {
    console.error(
      `labs/${known.path} is called \`${slug}\` already, and progress is stored by that name: take another.`,
    );
    return 2;
  }
  const folder = join('labs', track);
  mkdirSync(folder, { recursive: true });
  const number = String(readdirSync(folder).filter((name) => /^\d\d-/.test(name)).length + 1).padStart(2, '0');
  const target = join(folder, `${number}-${slug}`);
  cpSync(join('labs', TEMPLATE), target, { recursive: true });
  const manifest = readFileSync(join(target, 'lab.yaml'), 'utf8');
  const own = manifest
    .replace(/^slug: .*$/m, `slug: ${slug}`)
    .replace(/^title: .*$/m, `title: ${slug.replaceAll('-', ' ')}`);
  writeFileSync(join(target, 'lab.yaml'), own);
  console.log(`${target} is a copy of a lab that works. Change it, and run: npm run lab check ${slug}`);
  return 0;
}

/** A configuration that Envoy refuses is asked whether it does; every other one gets its requests. */
function scenarios(out: string): number {
  mkdirSync(out, { recursive: true });
  for (const folder of labsOnDisk().labs)
    for (const { name, scenario } of recordingsOf(folder)) {
      const { config } = scenario as { config: string };
      const isRefused = readBootstrap(api, config).diagnostics.some((one) => one.severity === 'error');
      const asked = isRefused
        ? { kind: 'envoy-validate', area: 'labs', about: `${folder.lab.title}.`, config }
        : scenario;
      writeFileSync(join(out, `${name}.scenario.yaml`), JSON.stringify(asked, null, 1));
    }
  return 0;
}

const [command, ...args] = process.argv.slice(2);
if (command === 'check') process.exit(check(args));
if (command === 'new') process.exit(create(args[0], args[1]));
if (command === 'scenarios' && args[0] !== undefined) process.exit(scenarios(args[0]));
console.error('usage: npm run lab check [SLUG…] | npm run lab new TRACK SLUG');
process.exit(2);
