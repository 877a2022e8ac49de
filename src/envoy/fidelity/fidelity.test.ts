import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { FIDELITY } from './fidelity.ts';

const api = openApi(readFileSync(new URL('../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const said = (text: string, type: string): string[] =>
  api
    .read(text, { resource: 'envoy.yaml', type, fidelity: FIDELITY })
    .diagnostics.map((one) => `${one.range?.line}: ${one.message}`);

test('a field that Envoy knows and this engine does not run says so at its line, once for all that is inside', () => {
  const cluster = 'name: web\nupstream_connection_options:\n  tcp_keepalive: {keepalive_time: 10}\nlb_policy: RANDOM\n';
  expect(said(cluster, 'envoy.config.cluster.v3.Cluster')).toEqual([
    '2: `upstream_connection_options`: `upstream_connection_options` is accepted, but has no effect here: it is not simulated',
  ]);
});

test('an extension that is not run says so at its @type, and is still read for mistakes', () => {
  const filter =
    'name: x\ntyped_config:\n  "@type": type.googleapis.com/envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency\n  gradient: {}\n';
  expect(said(filter, 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter')).toEqual([
    '3: `typed_config.@type`: envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency is accepted, but not run here: it is not simulated',
    expect.stringContaining('has no field `gradient`'),
    expect.stringContaining('needs one of `gradient_controller_config`'),
  ]);
});

test('what is simulated is read in silence', () => {
  expect(said('match: {prefix: /}\nroute: {cluster: web, timeout: 1s}\n', 'envoy.config.route.v3.Route')).toEqual([]);
});
