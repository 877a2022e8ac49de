import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi, type Json, type JsonObject } from '#api';
import { playScenario, type Scenario } from '#world';
import { configOf, mutated, PLAYABLE, streamOf } from './worlds.ts';
import '../src/cli/libraries.ts';

const api = openApi(readFileSync(new URL('../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));
const WORLDS = 1_000;

/** A world made from a recorded one; most are changed a little, and those that Envoy would refuse are few. */
function worldOf(number: number): Scenario {
  const random = streamOf('worlds', number);
  const base = PLAYABLE[random.below(PLAYABLE.length)]!;
  const config = random.below(3) === 0 ? configOf(base) : mutated(random, configOf(base));
  const steps = base.steps.filter((step) => (step.repeat ?? 0) < 50);
  return { ...base, config: JSON.stringify(config), steps };
}

test(`the same seed gives the same trace, to the byte, in ${WORLDS} worlds`, { timeout: 300_000 }, () => {
  const different = Array.from({ length: WORLDS }).flatMap((_, number) => {
    const world = worldOf(number);
    const play = (): string =>
      JSON.stringify(playScenario(api, world, { seed: String(number), trace: true, countsStats: true }));
    return play() === play() ? [] : [number];
  });
  expect(different).toEqual([]);
});

// Every recording is played twice.
test('tracing changes nothing of what comes out', { timeout: 300_000 }, () => {
  const different = PLAYABLE.flatMap((scenario) => {
    const config = JSON.stringify(configOf(scenario));
    const play = (trace: boolean): string => {
      const { steps, stats } = playScenario(api, { ...scenario, config }, { seed: '1', trace, countsStats: true });
      return JSON.stringify([steps, stats]);
    };
    return play(true) === play(false) ? [] : [`${scenario.name}`];
  });
  expect(different).toEqual([]);
});

/** A filter that draws for each request, and never does anything. */
const NEVER = {
  name: 'never',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    abort: { http_status: 418, percentage: { numerator: 0, denominator: 'MILLION' } },
  },
};

/** The same configuration with that filter first in every chain of HTTP filters. */
function withUnrelatedFilter(value: Json): Json {
  if (Array.isArray(value)) return value.map(withUnrelatedFilter);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'http_filters' && Array.isArray(one) ? [NEVER, ...one] : withUnrelatedFilter(one),
    ]),
  );
}

test('a filter that has nothing to do with it changes no choice of a host', { timeout: 300_000 }, () => {
  const balanced = PLAYABLE.filter(({ area }) => ['lb', 'route-action', 'cluster'].includes(area));
  const hosts = (scenario: Scenario, config: JsonObject): unknown =>
    playScenario(api, { ...scenario, config: JSON.stringify(config) }, { seed: '7', trace: false }).steps.map(
      ({ expect: got }) => [got?.upstream?.map((one) => one.upstream), got?.counts],
    );
  const moved = balanced.flatMap((scenario) => {
    const config = configOf(scenario);
    const before = JSON.stringify(hosts(scenario, config));
    return JSON.stringify(hosts(scenario, withUnrelatedFilter(config) as JsonObject)) === before ? [] : [scenario.name];
  });
  expect(balanced.length).toBeGreaterThan(20);
  expect(moved).toEqual([]);
});
