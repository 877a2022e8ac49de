import { expect, test } from 'vitest';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const CONFIG = 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config';

const value = (key: string, text: string, { ofFormat = '', more = '' } = {}): string =>
  `{object_key: ${key}, factory_key: envoy.string, format_string: {text_format_source: {inline_string: "${text}"}${ofFormat}}${more}}`;

/** What the upstream is told of the filter state \`plan\` and \`other\`, of requests with and without x-plan. */
function told(values: string, perRoute?: string) {
  const routes = `
- match: {prefix: /}
  route: {cluster: web}
  request_headers_to_add:
  - {header: {key: x-plan-is, value: "%FILTER_STATE(plan:PLAIN)%"}}
  - {header: {key: x-other-is, value: "%FILTER_STATE(other:PLAIN)%"}}
  ${perRoute === undefined ? '' : `typed_per_filter_config: {f: {"@type": ${CONFIG}, on_request_headers: [${perRoute}]}}`}
`;
  const steps = [{ headers: [['x-plan', 'gold']] as const }, {}].map((one) => ({
    request: { to: TO, path: '/', ...one },
  }));
  const { answers, upstreams } = playWorld(
    {
      config: oneFilter(`{"@type": ${CONFIG}, on_request_headers: [${values}]}`, { routes }),
      upstreams: [{ name: 'web', address: '127.0.1.1:8001' }],
      steps,
    },
    { kinds: [], headers: /-is$/ },
  );
  return { answers, upstreams };
}

const answers = ['200 web\n', '200 web\n'];

test('what is known of a request is put into its filter state, and not into that of the next', () => {
  expect(told(value('plan', 'plan-%REQ(X-PLAN)%'))).toEqual({
    answers,
    upstreams: ['web GET /  x-plan-is=plan-gold', 'web GET /  x-plan-is=plan--'],
  });
});

test('an empty text is set too, unless it is to be left out', () => {
  const empty = { ofFormat: ', omit_empty_values: true' };
  const kept = value('plan', '%REQ(X-PLAN)%', empty);
  const leftOut = value('plan', '%REQ(X-PLAN)%', { ...empty, more: ', skip_if_empty: true' });
  expect([told(`${value('plan', 'none')}, ${kept}`), told(`${value('plan', 'none')}, ${leftOut}`)]).toEqual([
    { answers, upstreams: ['web GET /  x-plan-is=gold', 'web GET /'] },
    { answers, upstreams: ['web GET /  x-plan-is=gold', 'web GET /  x-plan-is=none'] },
  ]);
});

test('values are set one after the other: of two for one key the later one counts, and it may read the earlier', () => {
  expect(
    told(`${value('plan', 'a')}, ${value('other', '%FILTER_STATE(plan:PLAIN)%b')}, ${value('plan', 'c')}`),
  ).toEqual({
    answers,
    upstreams: ['web GET /  x-plan-is=c x-other-is=ab', 'web GET /  x-plan-is=c x-other-is=ab'],
  });
});

test('of the filter and a route that set the same key the route has the last word', () => {
  expect(told(value('plan', 'own'), value('plan', 'route-%REQ(X-PLAN)%'))).toEqual({
    answers,
    upstreams: ['web GET /  x-plan-is=route-gold', 'web GET /  x-plan-is=route--'],
  });
});
