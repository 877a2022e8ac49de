import { expect, test } from 'vitest';
import { oneNetworkFilter, tlsInspector, TO, toDb } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const filter = '{"@type": type.googleapis.com/envoy.extensions.filters.network.sni_cluster.v3.SniCluster}';

const SHOP = { cert: 'certs/shop.pem', key: 'certs/shop.key' };

/** A connection to the tcp_proxy of `db`; `shop.test` is another cluster, and both speak TLS. */
const played = (sni: string, inspector = tlsInspector) =>
  playWorld(
    {
      config: oneNetworkFilter(filter, toDb, inspector),
      certificates: { shop: { cn: 'shop.test' } },
      upstreams: [
        { name: 'db', address: '127.0.1.1:8001', tls: SHOP },
        { name: 'shop', address: '127.0.1.2:8001', tls: SHOP },
      ],
      steps: [{ request: { to: TO, tls: { sni } } }],
    },
    { kinds: ['sni_cluster'] },
  );

const UNREAD = 'failed: No tls_inspector has read a server name: the cluster stays that of the tcp_proxy.';

test('a connection goes to the cluster that is called as its server name, encrypted as it came', () => {
  expect(played('shop.test')).toEqual({
    answers: ['200 shop\n'],
    upstreams: ['shop GET /'],
    logged: ['-'],
    stats: {},
    said: ['matched: The server name shop.test is the cluster.'],
  });
});

test('the server name is read in lower case', () => {
  expect(played('SHOP.test')).toEqual({
    answers: ['200 shop\n'],
    upstreams: ['shop GET /'],
    logged: ['-'],
    stats: {},
    said: ['matched: The server name shop.test is the cluster.'],
  });
});

test('a server name that is no cluster leads nowhere', () => {
  expect(played('other.test')).toEqual({
    answers: ['ECONNRESET'],
    upstreams: [],
    logged: ['NC'],
    stats: {},
    said: ['matched: The server name other.test is the cluster.'],
  });
});

test('without a tls_inspector nobody reads the server name, and the cluster is that of the tcp_proxy', () => {
  expect(played('shop.test', '')).toEqual({
    answers: ['200 db\n'],
    upstreams: ['db GET /'],
    logged: ['-'],
    stats: {},
    said: [UNREAD],
  });
});

test('a connection that is not encrypted has no server name', () => {
  const db = { name: 'db', address: '127.0.1.1:8001', protocol: 'tcp', replies: [{ echo: true }] } as const;
  const config = oneNetworkFilter(filter, toDb, tlsInspector);
  const steps = [{ request: { to: TO, raw: 'hello', listen_ms: 200 } }];
  expect(playWorld({ config, upstreams: [db], steps }, { kinds: ['sni_cluster'] })).toEqual({
    answers: ['hello'],
    upstreams: ['db hello'],
    logged: ['-'],
    stats: {},
    said: [UNREAD],
  });
});
