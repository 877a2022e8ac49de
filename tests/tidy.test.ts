import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const LAZY_NAMES = /^(utils?|helpers?|misc|shared|common)(\.ts)?$/;
const CORE = ['sim', 'source', 'api', 'xds', 'envoy', 'cel', 'jose', 'lua', 'world', 'lab'];

const below = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? [path, ...below(path)] : [path];
  });
const all = below('src');
const sources = all.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));
const percentile = (numbers: number[], share: number): number =>
  numbers.sort((a, b) => a - b)[Math.floor(numbers.length * share)] ?? 0;

test('no folder or file is called after nothing in particular', () => {
  expect(all.filter((path) => LAZY_NAMES.test(basename(path)))).toEqual([]);
});

test('every core folder has a README of fewer than 60 lines', () => {
  const lines = CORE.map((folder) => readFileSync(`src/${folder}/README.md`, 'utf8').split('\n').length);
  expect(lines.every((count) => count > 2 && count < 60)).toBe(true);
});

test('every HTTP filter folder has a factory, and the registry names it', () => {
  const registry = readFileSync('src/envoy/extensions/http_filters.ts', 'utf8');
  const folders = readdirSync('src/envoy/extensions/filters/http');
  const missing = folders.filter((folder) => !registry.includes(`./filters/http/${folder}/factory.ts`));
  expect(missing).toEqual([]);
});

test('every lab folder holds only what a lab is made of', () => {
  const known =
    /^(\d\d-[\w-]+\/\d\d-[\w-]+\/(lab\.yaml|index\.md|[\w-]+\.svg|(start|solution|(alternatives|wrong)\/[\w-]+)\/[\w.-]+)|README\.md|lab\.schema\.json)$/;
  const files = below('labs').filter((path) => statSync(path).isFile());
  expect(files.map((path) => path.slice('labs/'.length)).filter((path) => !known.test(path))).toEqual([]);
});

test('files are small: the median has at most 120 lines, 95 of 100 at most 300', () => {
  const lengths = sources.map((path) => readFileSync(path, 'utf8').split('\n').length);
  expect(percentile(lengths, 0.5)).toBeLessThanOrEqual(120);
  expect(percentile(lengths, 0.95)).toBeLessThanOrEqual(300);
});

test('nothing tracked names a registry host or a path of one machine', () => {
  const files = [
    'package.json',
    'package-lock.json',
    '.npmrc',
    ...all.filter((path) => statSync(path).isFile() && !path.endsWith('.binpb')),
  ];
  const found = files.filter((path) => /registry\.npmjs\.org|\/root\/|\/home\//.test(readFileSync(path, 'utf8')));
  expect(found).toEqual([]);
});

test('every recorded vector is of a kind that the replay knows', () => {
  const vectors = below('tests/conformance/vectors').filter((path) => path.endsWith('.json'));
  const kinds = new Set(vectors.map((path) => (parse(readFileSync(path, 'utf8')) as { kind: string }).kind));
  expect([...kinds].sort()).toEqual(['envoy', 'envoy-validate']);
});
