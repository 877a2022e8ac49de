import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENVOY_VERSION, openApi } from '#api';
import { linkHttpFilters } from '#envoy';
import { playRequests, type RequestSpec } from '#world';
import { readManifest } from './manifest.ts';

await linkHttpFilters();
const api = openApi(readFileSync(new URL(`../api/envoy-v3-${ENVOY_VERSION}.binpb`, import.meta.url)));
const root = new URL('../../labs/', import.meta.url);
const schema = JSON.parse(readFileSync(new URL('lab.schema.json', root), 'utf8')) as object;

/** What decided against a request, at the start of a lab: the line and the sentence. */
function refusals(folder: string, request: Omit<RequestSpec, 'to'>): string[] {
  const { lab } = readManifest(readFileSync(new URL(`${folder}/lab.yaml`, root), 'utf8'), schema);
  const config = readFileSync(new URL(`${folder}/start/envoy.yaml`, root), 'utf8');
  const requests = [{ to: lab!.to, ...request }];
  const { read, played } = playRequests(api, { config, upstreams: lab!.upstreams, requests }, 'why');
  return played[0]!.trace
    .filter(({ state }) => state === 'failed')
    .map(({ because, sentence }) => {
      const line = because && read.rangeOf(because.path)?.line;
      return `${config.split('\n')[line! - 1]?.trim()} | ${sentence}`;
    });
}

test('a limit that is switched off says so', () => {
  expect(refusals('08-bench/01-limit-nothing', { method: 'POST', authority: 'shop.example', path: '/login' })).toEqual([
    '"@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit | `filter_enabled` is not set, which is 0 %: the bucket is not asked.',
  ]);
});

test('a timeout names the line that set it', () => {
  expect(refusals('04-signals/01-whose-503', { authority: 'shop.example', path: '/report' })).toEqual([
    'timeout: 0.3s | No answer within 300 ms, all tries together.',
  ]);
});
