import { expect, test } from 'vitest';
import { oneNetworkFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const filter = '{"@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo}';

const echoOf = (raw: string) =>
  playWorld(
    { config: oneNetworkFilter(filter, ''), upstreams: [], steps: [{ request: { to: TO, raw } }] },
    { kinds: ['connection_closed'] },
  );

test('what a client sends comes back to it, and no upstream is asked', () => {
  expect(echoOf('hello')).toEqual({ answers: ['hello'], upstreams: [], logged: [], stats: {}, said: [] });
});

test('the bytes are not read: a request of HTTP comes back as it was', () => {
  const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
  expect(echoOf(request)).toEqual({ answers: [request], upstreams: [], logged: [], stats: {}, said: [] });
});

test('a client that says nothing hears nothing', () => {
  expect(echoOf('')).toEqual({ answers: [''], upstreams: [], logged: [], stats: {}, said: [] });
});
