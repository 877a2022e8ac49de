import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario, type Scenario } from '#world';

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const vector = (name: string): Scenario =>
  JSON.parse(
    readFileSync(new URL(`../../tests/conformance/vectors/xds-ads/${name}.json`, import.meta.url), 'utf8'),
  ) as Scenario;
const sentences = (name: string): string[] =>
  playScenario(api, vector(name), { seed: '1', trace: true })
    .trace.filter((one) => /^(xds|cluster|listener)_/.test(one.kind))
    .map((one) => one.sentence);

test('a start over ADS tells each question, answer and verdict in order', () => {
  expect(sentences('start-order').slice(0, 8)).toEqual([
    'cds: Envoy asks for clusters: all (at version "").',
    'cds: the response cds-1 brings version "1": `shop`.',
    'The cluster `shop` is new: it warms until its endpoints are known.',
    'eds: Envoy asks for endpoints: `shop` (at version "").',
    'cds: version "1" (cds-1) is taken.',
    'cds: ACK of the response cds-1; wanted: all (at version "1").',
    'eds: the response eds-1 brings version "1": `shop`.',
    'The cluster `shop` is active: routes reach it from now on.',
  ]);
});

test('a NACK says why, and what was there stays', () => {
  expect(sentences('nack-keeps-version').filter((one) => /refused|NACK/.test(one))).toEqual([
    expect.stringContaining(
      'lds: version "2" (lds-2) is refused: Error adding/updating listener(s) web: error adding listener named \'web\': address is necessary',
    ),
    'lds: NACK of the response lds-2; wanted: all (at version "1").',
  ]);
});
