import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { complete, hover } from './editor_help.ts';
import type { FileKind } from './protocol.ts';

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const docs = { 'envoy.config.cluster.v3.Cluster.lb_policy': 'The load balancer type to use.' };

/** `|` in the text is the cursor. */
const at = (text: string, holds: FileKind = 'bootstrap'): { config: string; offset: number; holds: FileKind } => ({
  holds,
  config: text.replace('|', ''),
  offset: text.indexOf('|'),
});
const labels = (text: string, holds?: FileKind): string[] =>
  complete(api, docs, at(text, holds)).map((one) => one.label);

test('keys of the message at the cursor are offered, without those that are there already', () => {
  const found = labels('static_resources:\n  clusters:\n  - name: web\n    lb_|\n');
  expect(found).toContain('lb_policy');
  expect(found).not.toContain('name');
});

test('a file of resources is a discovery response, and a resource has the fields of its type', () => {
  expect(labels('res|', 'resources')).toEqual([
    'version_info',
    'resources',
    'canary',
    'type_url',
    'nonce',
    'control_plane',
    'resource_errors',
  ]);
  expect(
    labels(
      'resources:\n- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration\n  virt|\n',
      'resources',
    ),
  ).toContain('virtual_hosts');
});

test('a cursor inside braces is in the message that the braces are', () => {
  const head = 'static_resources:\n  listeners:\n  - filter_chains:\n    - filters:\n      - typed_config:\n';
  const type =
    '          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n';
  const found = labels(
    `${head}${type}          route_config:\n            virtual_hosts:\n            - routes:\n              - match: { pre| }\n`,
  );
  expect(found).toContain('prefix');
  expect(found).toContain('path_separated_prefix');
});

test('an enum offers its values, and an @type the messages of extensions', () => {
  expect(labels('static_resources:\n  clusters:\n  - lb_policy: |\n')).toContain('RING_HASH');
  expect(
    labels('static_resources:\n  clusters:\n  - transport_socket:\n      typed_config:\n        "@type": |\n'),
  ).toContain('type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext');
});

test('a list is written with its first dash below the key', () => {
  const [found] = complete(api, docs, at('static_resources:\n  clust|\n')).filter((one) => one.label === 'clusters');
  expect(found?.insert).toBe('clusters:\n  - ');
});

test('a key says what it is, with the words of Envoy’s documentation', () => {
  const text = at('static_resources:\n  clusters:\n  - lb_po|licy: RANDOM\n');
  expect(hover(api, docs, text)).toEqual({
    title: 'lb_policy: envoy.config.cluster.v3.Cluster.LbPolicy',
    documentation: 'The load balancer type to use.',
    range: { start: 34, end: 43, line: 3, column: 5, endLine: 3 },
  });
  expect(hover(api, docs, at('nothing: |here\n'))).toBeUndefined();
});
