import { readFileSync } from 'node:fs';
import * as zlib from 'pako';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { linkLibrary } from '../../../../linked_library.ts';

linkLibrary('zlib', zlib);

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['response_compressed']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor
compressor_library: {name: z, typed_config: {"@type": type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip}}
response_direction_config: {uncompressible_response_codes: [404], status_header_enabled: true}
`);

test('a body that the client takes compressed is compressed, and the trace tells by how much', () => {
  const steps = [1, 2].map(() => ({ request: { to: TO, path: '/', headers: [['accept-encoding', 'gzip']] as const } }));
  const upstreams = [
    {
      name: 'web',
      address: '127.0.1.1:8001',
      replies: [200, 404].map((status) => ({
        status,
        headers: [['content-type', 'text/plain']] as const,
        body: 'a'.repeat(100),
      })),
    },
  ];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => ({
      status: expect?.response?.status,
      told: expect?.response?.headers?.find(([name]) => name === 'x-envoy-compression-status')?.[1],
    })),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [
      {
        status: 200,
        told: 'gzip;Compressed;OriginalLength=100',
      },
      {
        status: 404,
        told: 'gzip;StatusCodeNotAllowed',
      },
    ],
    said: ['matched: The body of 100 bytes is compressed to 30.'],
  });
});
