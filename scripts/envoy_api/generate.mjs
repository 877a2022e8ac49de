// Generates what src/api knows of Envoy's API, from the Go module that go.mod names: the descriptors, the documentation
// comments and the TypeScript types of the JSON form. Needed only to raise the version, and then with Go and its module
// proxy: change the version in go.mod, run `node scripts/envoy_api/generate.mjs`, then the tests.
//   --keep-descriptors   only the types, from the descriptors that are there
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { markdownOf } from './rst.mjs';
import { typesOf } from './types.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const api = fileURLToPath(new URL('../../src/api/', import.meta.url));
const version = /control-plane\/envoy v(\d+\.\d+\.\d+)/.exec(readFileSync(`${here}go.mod`, 'utf8'))[1];
const descriptors = `${api}envoy-v3-${version}.binpb`;

const go = (...args) =>
  execFileSync('go', args, { cwd: here, encoding: 'utf8', maxBuffer: 100e6, stdio: ['ignore', 'pipe', 'inherit'] });

if (!process.argv.includes('--keep-descriptors')) {
  go('mod', 'download');
  execFileSync('./gen.sh', { cwd: here, stdio: 'inherit' });
  go('run', '.', '-out', descriptors);
  const comments = Object.entries(JSON.parse(go('run', './docs')));
  const docs = Object.fromEntries(
    comments
      .sort()
      .map(([name, text]) => [name, markdownOf(text)])
      .filter(([, text]) => text !== ''),
  );
  writeFileSync(`${api}envoy-v3-${version}-docs.json`, `${JSON.stringify(docs, null, 0)}\n`);
}
const types = typesOf(readFileSync(descriptors), version);
const style = await resolveConfig(`${api}messages.ts`);
writeFileSync(`${api}messages.ts`, await format(types, { ...style, parser: 'typescript' }));
