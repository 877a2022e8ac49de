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
      requests: [{ request: { authority: 'x', path: '/' }, wait_ms: 0, expect: {} }],
      ordered: false,
      times: 500,
      shares: { b: [25, 75] },
      hints: ['Weights are relative to their sum.'],
    },
  ],
  seeds: 1,
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

test('the smallest request that came out otherwise is the evidence, with the line that led there', () => {
  const request = (path: string) => ({ request: { path }, wait_ms: 0, expect: { status: 200, upstream: 'b' } });
  const all = { task: 'b answers', hidden: true, ordered: false, times: 1, shares: {}, hints: ['Who is asked?'] };
  const asked = { ...lab, checks: [{ ...all, requests: [request('/long/path'), request('/')] }] };
  expect(judge(api, asked, { 'envoy.yaml': config([1, 0]) })).toEqual([
    {
      title: 'b answers',
      isHidden: true,
      state: 'failed',
      evidence: '`GET /`: 200 from `a`. Wanted: 200 from `b`.',
      hints: ['Who is asked?'],
      counterExample: {
        request: { to: '127.0.0.1:10000', path: '/' },
        wanted: '200 from `b`',
        came: '200 from `a`',
        step: {
          kind: 'route_matched',
          sentence: expect.stringContaining('is the first that matches GET /') as string,
          because: expect.objectContaining({ resource: 'envoy.yaml' }) as object,
          range: expect.objectContaining({ line: 15 }) as object,
        },
      },
    },
  ]);
});

test('where order counts the list is played by itself, from the start of an Envoy on', () => {
  const upstreams = [{ ...lab.upstreams[0]!, replies: [{ status: 200 }, { status: 503 }] }];
  const answers = (...statuses: number[]) => ({
    ...{ task: 'The second fails', hidden: false, ordered: true, times: 1, shares: {}, hints: [] },
    requests: statuses.map((status) => ({ request: {}, wait_ms: 10, expect: { status } })),
  });
  const asked = { ...lab, upstreams, checks: [answers(200, 503), answers(200, 200)] };
  const results = judge(api, asked, { 'envoy.yaml': config([1, 0]) });
  expect(results.map(({ state, evidence }) => [state, evidence])).toEqual([
    ['passed', '`GET /`: 503 from `a`'],
    ['failed', 'Request 2, `GET /`: 503 from `a`. Wanted: 200.'],
  ]);
});
