// The engine beside the real Envoy: `ENVOY=PATH npm run bench`. Bundled as the site ships it: the loader for TypeScript would
// name every closure at run time, which costs a third of the speed that is to be measured.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

const BUNDLE = 'node_modules/.cache/filterchain/bench.mjs';

await build({
  entryPoints: ['src/cli/bench.ts'],
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  outfile: BUNDLE,
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['--expose-gc', BUNDLE], { stdio: 'inherit' });
process.exit(status ?? 1);
