import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario, type Scenario } from '#world';

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const vector = (name: string): Scenario => JSON.parse(readFileSync(new URL(`../../tests/conformance/vectors/${name}.json`, import.meta.url), 'utf8')) as Scenario;

test('the trace tells every route that was tried, with the condition and value that failed, and its lines', () => {
  const { trace } = playScenario(api, vector('routing/header-and'), { seed: '1', trace: true });
  const routes = trace.filter((one) => one.kind.startsWith('route_')).slice(0, 6).map((one) => `${one.state}: ${one.sentence}`);
  expect(routes).toEqual([
    'matched: Route `both` is the first that matches GET /.',
    'not_reached: Route `joined` was not tried: an earlier route won.',
    'not_reached: Route `two` was not tried: an earlier route won.',
    'failed: Route `both` does not match: header x-b is absent.',
    'failed: Route `joined` does not match: header x-a is "1", not exact "1,2".',
    'failed: Route `two` does not match: header x-a is "1", not exact "2".',
  ]);
  expect(trace.find((one) => one.kind === 'route_rejected')?.because?.path.slice(-4)).toEqual(['virtual_hosts', 0, 'routes', 0]);
});

test('the same scenario and seed give the same trace, to the byte', () => {
  const play = (): string => JSON.stringify(playScenario(api, vector('route-action/weighted-clusters'), { seed: '7', trace: true }));
  expect(play()).toBe(play());
});
