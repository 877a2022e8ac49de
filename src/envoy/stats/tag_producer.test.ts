import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { TagProducer } from './tag_producer.ts';

const producerOf = (config: object): TagProducer =>
  new TagProducer(new ConfigNode(config as never, { resource: 'envoy.yaml', path: ['stats_config'] }));
const told = (producer: TagProducer, name: string): string => {
  const { name: rest, tags } = producer.produce(name);
  return [rest, ...tags.map((tag) => `${tag.name}=${tag.value}`)].join(' ');
};

test('parts of names become the tags that Envoy knows, the code before the owner', () => {
  const producer = producerOf({});
  expect(
    [
      'cluster.web.external.upstream_rq_200',
      'listener.127.0.0.1_80.http.in.downstream_rq_2xx',
      'listener.127.0.0.1_80.worker_0.downstream_cx_total',
      'vhost.shop.vcluster.items.upstream_rq_total',
      'listener.admin.downstream_cx_total',
    ].map((name) => told(producer, name)),
  ).toEqual([
    'cluster.external.upstream_rq envoy.response_code=200 envoy.cluster_name=web',
    'listener.http.downstream_rq_xx envoy.response_code_class=2 envoy.http_conn_manager_prefix=in envoy.listener_address=127.0.0.1_80',
    'listener.worker_downstream_cx_total envoy.worker_id=0 envoy.listener_address=127.0.0.1_80',
    'vhost.vcluster.upstream_rq_total envoy.virtual_cluster=items envoy.virtual_host=shop',
    'listener.admin.downstream_cx_total',
  ]);
});

test('a pattern of ones own takes out its first group and tells its second; a fixed value is always there', () => {
  const producer = producerOf({
    useAllDefaultTags: false,
    statsTags: [
      { tagName: 'tenant', regex: '(tenant_(\\w+)\\.)' },
      { tagName: 'site', fixedValue: 'berlin' },
      { tagName: 'envoy.cluster_name' },
    ],
  });
  expect([told(producer, 'http.tenant_acme.rq_total'), told(producer, 'cluster.web.version')]).toEqual([
    'http.rq_total tenant=acme site=berlin',
    'cluster.version site=berlin envoy.cluster_name=web',
  ]);
});
