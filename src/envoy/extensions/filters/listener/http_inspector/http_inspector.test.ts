import { expect, test } from 'vitest';
import { chainThatSays, oneListenerFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const filter = '{"@type": type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector}';

const config = oneListenerFilter(filter, [
  chainThatSays('one', '{application_protocols: [http/1.1]}'),
  chainThatSays('zero', '{application_protocols: [http/1.0]}'),
  chainThatSays('two', '{application_protocols: [h2c]}'),
  chainThatSays('other', '{}'),
]);

/** What clients get that send these bytes, and what the filter says. */
function inspected(...sent: readonly string[]) {
  const steps = sent.map((raw) => ({ request: { to: TO, raw, listen_ms: 200 } }));
  const { answers, said } = playWorld(
    { config, upstreams: [], steps },
    { kinds: ['http_detected', 'http_not_detected'] },
  );
  return { answers, said };
}

test('the first line of a request tells HTTP/1.1 from HTTP/1.0, whatever its method', () => {
  expect(inspected('GET / HTTP/1.1\r\n\r\n', 'POST /a?b HTTP/1.0\r\n', 'PURGE * HTTP/1.1\r\n')).toEqual({
    answers: ['one', 'zero', 'one'],
    said: ['http/1.1', 'http/1.0', 'http/1.1'].map((one) => `info: The first bytes are those of ${one}.`),
  });
});

test('the preface of HTTP/2 is h2c', () => {
  expect(inspected('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toEqual({
    answers: ['two'],
    said: ['info: The first bytes are those of h2c.'],
  });
});

test('other bytes have no protocol, and the chain that asks for none takes them', () => {
  expect(inspected('hello there\r\n', '\u0001\u0002\u0003\r\n')).toEqual({
    answers: ['other', 'other'],
    said: ['info: The first bytes are not those of HTTP.', 'info: The first bytes are not those of HTTP.'],
  });
});

test('TLS is no HTTP, and is still taken by a chain that speaks it', () => {
  const played = playWorld(
    {
      config: oneListenerFilter(filter, [
        chainThatSays('one', '{application_protocols: [http/1.1]}'),
        chainThatSays('secure', '{}', 'https'),
      ]),
      certificates: { shop: { cn: 'shop.test' } },
      upstreams: [],
      steps: [{ request: { to: TO, tls: { sni: 'shop.test' } } }],
    },
    { kinds: ['http_detected', 'http_not_detected'] },
  );
  expect(played).toEqual({
    answers: ['200 secure'],
    upstreams: [],
    logged: ['- direct_response'],
    stats: {},
    said: ['info: The first bytes are not those of HTTP.'],
  });
});

test('as long as a client says nothing no chain is chosen', () => {
  expect(inspected('')).toEqual({ answers: [''], said: [] });
});
