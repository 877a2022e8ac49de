import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { labsOnDisk } from '../cli/lab_files.ts';
import { play } from './play.ts';

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const { lab, start } = labsOnDisk().labs.find((one) => one.lab.slug === 'all-or-nothing')!;
const requests = [{ to: lab.to, ...lab.first }];
const played = (files: Readonly<Record<string, string>>) => play(api, { kind: 'play', lab, files, requests });

test('a step and a problem stand in the file that caused them', () => {
  const { isLoaded, problems, outcomes } = played(start);
  expect(isLoaded).toBe(true);
  expect(problems.map(({ file, severity, range }) => [file, severity, range?.line])).toEqual([
    ['routes.yaml', 'error', 13],
  ]);
  const steps = outcomes[0]!.steps.filter((step) => step.sentence.includes('the file'));
  expect(steps.map(({ state, range }) => [state, range?.file, range?.line])).toEqual([
    ['failed', 'routes.yaml', 13],
    ['matched', 'clusters.yaml', 1],
  ]);
});

test('a resource may have a field that Envoy does not know: it is told, and the update is taken', () => {
  const routes = start['routes.yaml']!.replace('weight: 0', 'weight: 1');
  const { problems, outcomes } = played({ ...start, 'routes.yaml': `${routes}  colour: green\n` });
  expect(problems.map(({ file, severity, message, help }) => ({ file, severity, message, help }))).toEqual([
    {
      file: 'routes.yaml',
      severity: 'warning',
      message: expect.stringContaining('colour') as string,
      help: 'Envoy counts it and takes the update without it.',
    },
  ]);
  expect(outcomes[0]!.status).toBe('200');
});
