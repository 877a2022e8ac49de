import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import YAML from 'yaml';
import { openApi } from '#api';
import { filesOf, playScenario, readBootstrap, type Scenario } from '#world';
import './libraries.ts';

interface Vector extends Scenario {
  readonly kind: string;
}

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));

/** The vector with our own answers in place of the recorded ones. */
function replayed(vector: Vector): object {
  if (vector.kind === 'envoy-validate') {
    const errors = readBootstrap(api, vector.config, filesOf(vector)).diagnostics.filter(
      (one) => one.severity === 'error',
    );
    const error = errors.map((one) => one.message).join('\n');
    return { ...vector, expect: errors.length === 0 ? { ok: true } : { ok: false, error } };
  }
  if (vector.kind !== 'envoy') return { ...vector, error: `vectors of kind ${vector.kind} are not simulated` };
  const { steps, stats, diagnostics } = playScenario(
    api,
    { ...vector, config: asRecorded(vector.config) },
    { seed: 'replay', trace: false, countsStats: true },
  );
  const refused = diagnostics.filter((one) => one.severity === 'error');
  return refused.length > 0
    ? { ...vector, error: refused.map((one) => one.message).join('\n') }
    : { ...vector, steps, stats };
}

/** The recorder hands Envoy the config as JSON, in which a word like `yes` stays a text. */
const asRecorded = (config: string): string => JSON.stringify(YAML.parse(config, { merge: true }) ?? {});

function withoutAnswers(vector: Vector & { stats?: object }): Vector {
  const steps = vector.steps?.map((step) => ({ ...step, expect: undefined }));
  return { ...vector, ...(steps ? { steps } : {}), stats: undefined } as Vector;
}

const filesBelow = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => filesBelow(join(path, name)))
    : path.endsWith('.json')
      ? [path]
      : [];

const args = process.argv.slice(2);
const outFlag = args.indexOf('--out');
const [, out] = outFlag < 0 ? [] : args.splice(outFlag, 2);
if (out === undefined || args.length === 0) {
  console.error('usage: npm run --silent replay -- --out OUT PATH…   (vectors, or folders of them)');
  process.exit(2);
}
for (const given of args) {
  const root = statSync(given).isDirectory() ? given : dirname(given);
  for (const file of filesBelow(given)) {
    const target = join(out, relative(root, file));
    let answer: object;
    try {
      answer = replayed(withoutAnswers(JSON.parse(readFileSync(file, 'utf8')) as Vector));
    } catch (error) {
      answer = { error: String(error) };
    }
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, `${JSON.stringify(answer, null, 1)}\n`);
  }
}
