import { expect, test } from 'vitest';
import type { RequestSpec } from '#world';
import { chainThatSays, oneListenerFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const filter = '{"@type": type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector}';

/** What clients get from one of these chains, and what the filter says. */
function inspected(chains: readonly string[], requests: readonly Partial<RequestSpec>[]) {
  const { answers, said } = playWorld(
    {
      config: oneListenerFilter(filter, chains),
      certificates: { shop: { cn: 'shop.test' } },
      upstreams: [],
      steps: requests.map((request) => ({ request: { to: TO, ...request } })),
    },
    { kinds: ['tls_detected', 'tls_not_detected'] },
  );
  return { answers, said };
}

const tlsSaid = (sni: string, alpn = '(none)') => `info: The client starts TLS: server name ${sni}, ALPN ${alpn}.`;

test('a ClientHello is read before a chain is chosen, and its server name in lower case', () => {
  const chains = [
    chainThatSays('shop', '{server_names: [shop.test]}', 'https'),
    chainThatSays('all', '{server_names: ["*.test"]}', 'https'),
  ];
  expect(
    inspected(chains, [{ tls: { sni: 'shop.test' } }, { tls: { sni: 'SHOP.test' } }, { tls: { sni: 'a.test' } }]),
  ).toEqual({
    answers: ['200 shop', '200 shop', '200 all'],
    said: [tlsSaid('shop.test'), tlsSaid('SHOP.test'), tlsSaid('a.test')],
  });
});

test('a chain may ask for a protocol that the client offers', () => {
  const chains = [
    chainThatSays('old', '{transport_protocol: tls, application_protocols: [http/1.1]}', 'https'),
    chainThatSays('none', '{transport_protocol: tls}', 'https'),
  ];
  const offers = [['http/1.0', 'http/1.1'], undefined].map((alpn) => ({
    tls: { sni: 'shop.test', ...(alpn ? { alpn } : {}) },
  }));
  expect(inspected(chains, offers)).toEqual({
    answers: ['200 old', '200 none'],
    said: [tlsSaid('shop.test', 'http/1.0, http/1.1'), tlsSaid('shop.test')],
  });
});

test('a connection without TLS is plain, and goes to the chain that asks for that', () => {
  const chains = [
    chainThatSays('secure', '{transport_protocol: tls}', 'https'),
    chainThatSays('plain', '{transport_protocol: raw_buffer}'),
  ];
  expect(inspected(chains, [{ raw: 'hello', listen_ms: 200 }, { tls: { sni: 'shop.test' } }])).toEqual({
    answers: ['plain', '200 secure'],
    said: ['info: The first bytes are no ClientHello: the connection counts as plain.', tlsSaid('shop.test')],
  });
});

test('a name that no chain asks for is closed on, and so is a plain connection where all chains ask for names', () => {
  const chains = [chainThatSays('shop', '{server_names: [shop.test]}', 'https')];
  expect(inspected(chains, [{ tls: { sni: 'other.test' } }, { raw: 'hello', listen_ms: 200 }])).toEqual({
    answers: ['ECONNRESET', ''],
    said: [tlsSaid('other.test'), 'info: The first bytes are no ClientHello: the connection counts as plain.'],
  });
});

test('as long as a client says nothing no chain is chosen', () => {
  expect(inspected([chainThatSays('any', '{}')], [{ raw: '', listen_ms: 200 }])).toEqual({ answers: [''], said: [] });
});
