import { expect, test } from 'vitest';
import { oneFilter, TO } from '../../../tests/one_filter.ts';
import { playWorld } from '../../../tests/play_world.ts';

const CODEC =
  '{name: codec, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec}}';

const MUTATION = 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';
const marks = (name: string): string =>
  `{name: marks, typed_config: {"@type": ${MUTATION}, mutations: {request_mutations: [{append: {header: {key: ${name}, value: "1"}}}], response_mutations: [{append: {header: {key: ${name}, value: "2"}}}]}}}`;
const HTTP = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** A request to an upstream that fails once, with filters between router and upstream. */
function tried({ ofRouter, ofCluster }: { ofRouter: string; ofCluster: string }) {
  const routes =
    '- {match: {prefix: /}, route: {cluster: web, retry_policy: {retry_on: 5xx, retry_back_off: {base_interval: 0.01s}}}}';
  const own = `typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {"@type": ${HTTP}, explicit_http_config: {http_protocol_options: {}}, http_filters: [${ofCluster === '' ? '' : `${ofCluster}, ${CODEC}`}]}}`;
  const config = oneFilter(`{"@type": ${MUTATION}}`, { routes })
    .replace('.Router}', `.Router, upstream_http_filters: [${ofRouter}]}`)
    .replace('- name: web\n', `- name: web\n    ${own}\n`);
  const { answers, upstreams } = playWorld(
    {
      config,
      upstreams: [{ name: 'web', address: '127.0.1.1:8001', replies: [{ status: 503 }, { body: 'ok' }] }],
      steps: [{ request: { to: TO, path: '/' } }],
    },
    { kinds: [], headers: /^x-/ },
  );
  return { answers, upstreams: upstreams.map((one) => one.replace(/ x-(forwarded|request|envoy)[^ ]*/g, '')) };
}

test('filters of a cluster see every try and its answer, and change the request for good', () => {
  expect(tried({ ofRouter: marks('x-router'), ofCluster: marks('x-cluster') })).toEqual({
    answers: ['200 ok x-cluster=2 x-envoy-upstream-service-time=<ms>'],
    upstreams: ['web GET /  x-cluster=1', 'web GET /  x-cluster=1 x-cluster=1'],
  });
});

test('those of the router have their turn where the cluster has none', () => {
  expect(tried({ ofRouter: marks('x-router'), ofCluster: '' })).toEqual({
    answers: ['200 ok x-router=2 x-envoy-upstream-service-time=<ms>'],
    upstreams: ['web GET /  x-router=1', 'web GET /  x-router=1 x-router=1'],
  });
});
