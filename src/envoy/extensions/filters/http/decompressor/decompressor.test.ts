import { readFileSync } from 'node:fs';
import * as zlib from 'pako';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { linkLibrary } from '../../../../linked_library.ts';

linkLibrary('zlib', zlib);

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor
decompressor_library: {name: unpack, typed_config: {"@type": type.googleapis.com/envoy.extensions.compression.gzip.decompressor.v3.Gzip}}
`);

test('a body in gzip comes out plain, and one that is not stays as it is', () => {
  const packed = String.fromCharCode(...zlib.gzip(new TextEncoder().encode('hello hello hello')));
  const steps = [{ request: { to: TO, path: '/' } }, { request: { to: TO, path: '/' } }];
  const upstreams = [
    {
      name: 'web',
      address: '127.0.1.1:8001',
      replies: [{ body: packed, headers: [['content-encoding', 'gzip'] as const] }, { body: 'plain' }],
    },
  ];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true, countsStats: true });
  expect({
    bodies: played.steps.map((step) => step.expect?.response?.body),
    told: played.trace.filter((one) => one.kind === 'decompressor').map((one) => `${one.state}: ${one.sentence}`),
    accepted: played.steps[0]?.expect?.upstream?.[0]?.headers?.find(([name]) => name === 'accept-encoding'),
  }).toEqual({
    bodies: ['hello hello hello', 'plain'],
    told: [
      'matched: The body of 28 bytes in gzip becomes 17.',
      'not_reached: The body is not in gzip: it stays as it is.',
    ],
    accepted: ['accept-encoding', 'gzip'],
  });
});
