import { readdirSync, readFileSync } from 'node:fs';
import YAML from 'yaml';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { filesOf, playScenario, readBootstrap } from '#world';
import { differences, type Vector } from './compare.ts';
import { KNOWN_FAILURES } from './known_failures.ts';
import '../../src/cli/libraries.ts';

const api = openApi(readFileSync(new URL('../../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));
const root = new URL('./vectors/', import.meta.url);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .sort();

/** The recorder handed Envoy the config as JSON, in which a word like `yes` stays a text. */
const asRecorded = (config: string): string => JSON.stringify(YAML.parse(config, { merge: true }) ?? {});

function differencesOf(vector: Vector): string[] {
  if (vector.kind === 'envoy')
    return differences(
      vector,
      playScenario(
        api,
        { ...vector, config: asRecorded(vector.config) },
        { seed: 'conformance', trace: false, countsStats: true },
      ),
    );
  const errors = readBootstrap(api, vector.config, filesOf(vector)).diagnostics.filter(
    (one) => one.severity === 'error',
  );
  const said = errors.map((one) => one.message).join('\n');
  const missing = (vector.mentions ?? [])
    .filter((word) => !said.includes(word))
    .map((word) => `the error does not mention ${word}`);
  return (errors.length === 0) === vector.expect?.ok ? missing : [`real ok: ${vector.expect?.ok}, ours: ${said}`];
}

for (const file of files) {
  const name = file.replace(/\.json$/, '').replaceAll('\\', '/');
  const reason = KNOWN_FAILURES[name];
  test(reason === undefined ? `${name} is as the real Envoy does it` : `${name} still differs: ${reason}`, () => {
    const found = differencesOf(JSON.parse(readFileSync(new URL(file, root), 'utf8')) as Vector);
    if (reason === undefined) expect(found).toEqual([]);
    else expect(found, 'it passes now: take it out of known_failures.ts').not.toEqual([]);
  });
}

test('every known failure names a vector that is there', () => {
  const names = files.map((file) => file.replace(/\.json$/, '').replaceAll('\\', '/'));
  expect(Object.keys(KNOWN_FAILURES).filter((name) => !names.includes(name))).toEqual([]);
});
