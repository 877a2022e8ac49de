import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENVOY_VERSION, openApi } from '#api';
import { readManifest } from '#lab';
import { judge } from '#lab/judge';
import { labsOnDisk } from '../src/cli/lab_files.ts';
import { faultsOf, staleOf } from '../src/cli/lab_proof.ts';
import '../src/cli/libraries.ts';

const api = openApi(readFileSync(new URL(`../src/api/envoy-v3-${ENVOY_VERSION}.binpb`, import.meta.url)));
const { labs, problems } = labsOnDisk();

test('every manifest is one, and no two labs share a slug', () => {
  const slugs = labs.map(({ lab }) => lab.slug);
  expect([problems, new Set(slugs).size]).toEqual([[], slugs.length]);
  expect(slugs.length).toBeGreaterThan(2);
});

for (const folder of labs) {
  test(`${folder.lab.slug}: the start fails, right answers pass, each wrong answer gets a hint of its own`, () => {
    expect(faultsOf(api, folder)).toEqual([]);
  });

  test(`${folder.lab.slug}: the real Envoy was asked every request of every variant, as they are now`, () => {
    expect(staleOf(folder)).toEqual([]);
  });
}

test('a configuration with which Envoy would not start fails the first task, which says why, and the others wait', () => {
  const { lab, start } = labs[0]!;
  const results = judge(api, lab, { ...start, 'envoy.yaml': `${start['envoy.yaml']}\nnonsense: 1\n` });
  expect(results.map((task) => task.state)).toEqual(lab.checks.map((_, i) => (i === 0 ? 'failed' : 'waiting')));
  expect(results[0]?.evidence).toBe(
    'Envoy would not start: line 45, envoy.config.bootstrap.v3.Bootstrap has no field `nonsense`',
  );
});

test('a manifest with mistakes is told each of them at its place', () => {
  const schema = JSON.parse(readFileSync(new URL('../labs/lab.schema.json', import.meta.url), 'utf8')) as object;
  const text =
    'slug: My Lab\ntitle: x\nminutes: 5\nedit: [envoy.yaml]\nworld: {upstreams: []}\nfirst: {pth: /}\nchecks: []\n';
  const { lab, problems: found } = readManifest(text, schema);
  expect(lab).toBeUndefined();
  expect(found.map((one) => `${one.range?.line}: ${one.message}`).sort()).toEqual([
    '1: `slug` must match pattern "^[a-z0-9]+(-[a-z0-9]+)*$".',
    '2: `title` must NOT have fewer than 3 characters.',
    '6: `first` has no field `pth`.',
    '7: `checks` must NOT have fewer than 1 items.',
  ]);
});
