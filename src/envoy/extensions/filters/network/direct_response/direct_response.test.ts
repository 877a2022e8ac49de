import { expect, test } from 'vitest';
import { oneNetworkFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const filterOf = (fields: string): string =>
  `{"@type": type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config${fields}}`;

const played = (fields: string, raw: string) =>
  playWorld(
    { config: oneNetworkFilter(filterOf(fields), ''), upstreams: [], steps: [{ request: { to: TO, raw } }] },
    { kinds: ['network_direct_response'] },
  );

const said = (bytes: number) => [`matched: Every connection gets the same ${bytes} bytes and is closed.`];

test('whatever a client sends, it gets the text and the connection is closed', () => {
  expect(played(', response: {inline_string: "closed\\n"}', 'GET /\n')).toEqual({
    answers: ['closed\n'],
    upstreams: [],
    logged: [],
    stats: {},
    said: said(7),
  });
});

test('a client need not say anything first', () => {
  expect(played(', response: {inline_string: hi}', '').answers).toEqual(['hi']);
});

test('a text in base64 is sent as its bytes', () => {
  expect(played(', response: {inline_bytes: AQI=}', '')).toEqual({
    answers: ['\u0001\u0002'],
    upstreams: [],
    logged: [],
    stats: {},
    said: said(2),
  });
});

test('without a text the connection is closed with nothing said', () => {
  expect(played('', 'x')).toEqual({ answers: [''], upstreams: [], logged: [], stats: {}, said: said(0) });
});
