import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENVOY_VERSION, openApi } from '#api';
import type { Lab } from './lab.ts';
import { judge } from './judge.ts';

const api = openApi(readFileSync(new URL(`../api/envoy-v3-${ENVOY_VERSION}.binpb`, import.meta.url)));

const config = (weights: [number, number]): string => `static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: i
          route_config:
            virtual_hosts:
            - name: v
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {weighted_clusters: {clusters: [{name: a, weight: ${weights[0]}}, {name: b, weight: ${weights[1]}}]}}
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
${['a', 'b'].map((name, i) => `  - {name: ${name}, load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.1.${i + 1}, port_value: 80}}}}]}]}}`).join('\n')}
`;

const lab: Lab = {
  slug: 'split',
  title: 'A split',
  minutes: 1,
  edit: ['envoy.yaml'],
  upstreams: [
    { name: 'a', address: '127.0.1.1:80' },
    { name: 'b', address: '127.0.1.2:80' },
  ],
  to: '127.0.0.1:10000',
  first: {},
  checks: [
    {
      task: 'One request in ten goes to b',
      hidden: false,
      requests: [{ authority: 'x', path: '/' }],
      expect: {},
      times: 500,
      shares: { b: [25, 75] },
      hints: ['Weights are relative to their sum.'],
    },
  ],
  mistakes: [],
};

test('a share is judged over many requests, and the count is the evidence', () => {
  const [passed] = judge(api, lab, { 'envoy.yaml': config([90, 10]) });
  expect([passed?.state, passed?.evidence]).toEqual(['passed', expect.stringMatching(/^`a` 4\d\d, `b` [2-7]\d$/)]);
  const [failed] = judge(api, lab, { 'envoy.yaml': config([10, 90]) });
  expect(failed).toEqual({
    title: 'One request in ten goes to b',
    isHidden: false,
    state: 'failed',
    evidence: expect.stringMatching(/^Of 500 requests `b` got 4\d\d\. Wanted: 25 to 75\.$/) as string,
    hints: ['Weights are relative to their sum.'],
  });
});
