import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario } from '#world';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';

const api = openApi(readFileSync(new URL('../../../../../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const KINDS = new Set(['ext_authz_disabled', 'ext_authz_denied']);

const config = oneFilter(`
"@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
http_service: {server_uri: {uri: http://127.0.1.1, cluster: web, timeout: 1s}}
filter_enabled: {default_value: {numerator: 0}}
deny_at_disable: {runtime_key: k, default_value: {value: true}}
`);

test('a switch of the runtime leaves the check out, and deny_at_disable refuses then', () => {
  const steps = [{ request: { to: TO, path: '/' } }];
  const upstreams = [{ name: 'web', address: '127.0.1.1:8001' }];
  const played = playScenario(api, { config, upstreams, steps }, { seed: '1', trace: true });
  expect({
    answers: played.steps.map(({ expect }) => expect?.response?.status),
    said: played.trace.filter(({ kind }) => KINDS.has(kind)).map(({ state, sentence }) => `${state}: ${sentence}`),
  }).toEqual({
    answers: [403],
    said: ['not_reached: The check is switched off for this request.'],
  });
});
