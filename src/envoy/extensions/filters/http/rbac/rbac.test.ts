import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['rbac_allowed', 'rbac_denied']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
matcher:
  matcher_tree:
    input: {name: p, typed_config: {"@type": type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput, header_name: ":path"}}
    exact_match_map:
      map:
        /in: {action: {name: in, typed_config: {"@type": type.googleapis.com/envoy.config.rbac.v3.Action, name: in}}}
`);

test('a matcher decides by the action that it finds, and denies where it finds none', () => {
  const steps = ['/in', '/out'].map((path) => ({ request: { to: TO, path } }));
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => expect?.response?.status),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [200, 403],
    said: [
      'matched: RBAC allows the request: the policy `in` fits.',
      'failed: RBAC denies the request: no policy fits.',
    ],
  });
});
