import { expect, test } from 'vitest';
import { oneNetworkFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const connect = { request: { to: TO, raw: 'ping', listen_ms: 200 } };

const played = (fields: string, steps: readonly ({ readonly wait_ms: number } | typeof connect)[]) =>
  playWorld(
    {
      config: oneNetworkFilter(
        `{"@type": type.googleapis.com/envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit, stat_prefix: burst, ${fields}}`,
      ),
      upstreams: [{ name: 'db', address: '127.0.1.1:8001', protocol: 'tcp', replies: [{ echo: true }] }],
      steps,
    },
    { kinds: ['token_taken'], counted: /local_rate_limit/ },
  );

const taken = (left: number, max: number) =>
  `matched: A token is there for the connection: ${left} of ${max} are left.`;
const empty = (max: number) => `failed: The bucket of ${max} connections is empty: the connection is closed.`;

test('each connection takes a token, and one that finds none is closed before an upstream is asked', () => {
  expect(played('token_bucket: {max_tokens: 2, fill_interval: 60s}', [connect, connect, connect])).toEqual({
    answers: ['ping', 'ping', ''],
    upstreams: ['db ping', 'db ping'],
    logged: ['-', '-', 'URX'],
    stats: { 'local_rate_limit.burst.rate_limited': 1 },
    said: [taken(1, 2), taken(0, 2), empty(2)],
  });
});

test('a token comes back after the interval', () => {
  const steps = [connect, connect, { wait_ms: 2_000 }, connect];
  expect(played('token_bucket: {max_tokens: 1, fill_interval: 2s}', steps)).toEqual({
    answers: ['ping', '', 'ping'],
    upstreams: ['db ping', 'db ping'],
    logged: ['-', 'URX', '-'],
    stats: { 'local_rate_limit.burst.rate_limited': 1 },
    said: [taken(0, 1), empty(1), taken(0, 1)],
  });
});

test('switched off it takes no tokens', () => {
  const off = 'runtime_enabled: {default_value: false, runtime_key: k}';
  expect(played(`token_bucket: {max_tokens: 1, fill_interval: 60s}, ${off}`, [connect, connect])).toEqual({
    answers: ['ping', 'ping'],
    upstreams: ['db ping', 'db ping'],
    logged: ['-', '-'],
    stats: {},
    said: [],
  });
});
