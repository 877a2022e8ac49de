import { readFileSync } from 'node:fs';
import * as re2 from 're2js';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { MessageChecks } from './checks.ts';
import { linkLibrary } from '../linked_library.ts';

linkLibrary('re2', re2);

const api = openApi(readFileSync(new URL('../../api/envoy-v3-1.40.0.binpb', import.meta.url)));

/** `PLACE: MESSAGE HELP` of everything that is refused in a message. */
function refused(text: string, type: string, clusters: readonly string[] = ['web', 'api-v2']): string[] {
  const checks = new MessageChecks();
  const read = api.read(text, { resource: 'envoy.yaml', type, visit: checks.visit });
  return checks.run({ clusters: new Set(clusters) }).map((one) => {
    const { line } = read.rangeOf(one.ref.path)!;
    return [`${line}: ${one.message}`, one.help].filter((part) => part !== undefined).join(' ');
  });
}

test('a route to a cluster that is not there is refused at the name, with the one that was meant', () => {
  const config = `
name: r
virtual_hosts:
- name: v
  domains: ["*"]
  routes:
  - match: {prefix: /}
    route:
      cluster: api_v2
`;
  expect(refused(config, 'envoy.config.route.v3.RouteConfiguration')).toEqual([
    '9: The route sends to the cluster `api_v2`, and no cluster has that name. Did you mean `api-v2`?',
  ]);
});

test('every problem of a cluster is told, not only the first', () => {
  const config = `
name: web
lb_policy: RING_HASH
ring_hash_lb_config: {minimum_ring_size: 20, maximum_ring_size: 10}
load_assignment:
  cluster_name: web
  endpoints:
  - lb_endpoints:
    - endpoint: {address: {socket_address: {address: shop.example, port_value: 80}}}
outlier_detection: {base_ejection_time: 400s, max_ejection_time: 300s}
`;
  expect(refused(config, 'envoy.config.cluster.v3.Cluster')).toEqual([
    '4: The smallest ring (20) is larger than the largest one (10).',
    '9: "shop.example" is a name, and a STATIC cluster takes IP addresses only. Give an IP address, or make the cluster `type: STRICT_DNS`.',
    '10: `max_ejection_time` is shorter than `base_ejection_time`.',
  ]);
});

test('an extension without a typed_config, a regex that RE2 does not take and a format that is none are told inside a filter chain', () => {
  const config = `
stat_prefix: i
access_log:
- name: log
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
    path: /dev/null
    log_format: {text_format_source: {inline_string: "%REQ%"}}
route_config:
  virtual_hosts:
  - name: v
    domains: ["*"]
    routes:
    - match: {safe_regex: {regex: "/(?!x)"}}
      direct_response: {status: 200}
http_filters:
- name: envoy.filters.http.cors
- name: envoy.filters.http.router
  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`;
  const type = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  expect(refused(config, type)).toEqual([
    '8: `%REQ%` needs an argument in brackets.',
    expect.stringMatching(/^14: The regex "\/\(\?!x\)" is not one that RE2 takes: /),
    '17: `envoy.filters.http.cors` has no `typed_config`: its name alone says nothing. Give it a `typed_config` with the `@type` of the extension that you mean.',
  ]);
});
