import { expect, test } from 'vitest';
import { oneNetworkFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const played = (fields: string, afterMs: number) =>
  playWorld(
    {
      config: oneNetworkFilter(
        `{"@type": type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit, stat_prefix: seats, ${fields}}`,
      ),
      upstreams: [{ name: 'db', address: '127.0.1.1:8001', protocol: 'tcp', replies: [{ echo: true }] }],
      steps: [
        {
          parallel: [
            { to: TO, raw: 'a', listen_ms: 500 },
            { to: TO, raw: 'b', listen_ms: 400, after_ms: afterMs },
          ],
        },
      ],
    },
    { kinds: ['connection_counted', 'connection_limited'], counted: /^connection_limit/ },
  );

const first = 'matched: This is connection 1 of at most 1.';

test('a connection above the limit is closed without a byte, and is counted', () => {
  expect(played('max_connections: 1', 200)).toEqual({
    answers: ['a', ''],
    upstreams: ['1 asked'],
    logged: ['-', '-'],
    stats: { 'connection_limit.seats.limited_connections': 1 },
    said: [first, 'failed: This is connection 2 of at most 1: it is closed.'],
  });
});

test('a connection that comes when another has gone has its place', () => {
  expect(played('max_connections: 1', 700)).toEqual({
    answers: ['a', 'b'],
    upstreams: ['2 asked'],
    logged: ['-', '-'],
    stats: {},
    said: [first, first],
  });
});

test('with a delay the refused connection stays open for a while, and nothing of it is passed on', () => {
  expect(played('max_connections: 1, delay: 0.2s', 100)).toEqual({
    answers: ['a', ''],
    upstreams: ['1 asked'],
    logged: ['-', '-'],
    stats: { 'connection_limit.seats.limited_connections': 1 },
    said: [first, 'failed: This is connection 2 of at most 1: it is closed.'],
  });
});

test('switched off it neither counts nor refuses', () => {
  expect(played('max_connections: 1, runtime_enabled: {default_value: false, runtime_key: k}', 200)).toEqual({
    answers: ['a', 'b'],
    upstreams: ['2 asked'],
    logged: ['-', '-'],
    stats: {},
    said: [],
  });
});
