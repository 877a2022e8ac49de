import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api';
import { playScenario, readBootstrap, type Scenario } from '#world';
import { configOf, mutated, oddRequest, PLAYABLE, RECORDED, streamOf } from './worlds.ts';
import '../src/cli/libraries.ts';

const api = openApi(readFileSync(new URL('../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));
/** `npm run fuzz` asks for more. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 1000);

/** What came of one case: everything but a clean end names the case, so that it can be looked at by itself. */
function outcomeOf(number: number, run: () => string | undefined): string[] {
  try {
    const fault = run();
    return fault === undefined ? [] : [`case ${number}: ${fault}`];
  } catch (error) {
    return [
      `case ${number} threw ${error instanceof Error ? (error.stack ?? error.message).slice(0, 600) : String(error)}`,
    ];
  }
}

test(
  `${TIMES} broken configurations are refused with a place and a reason, or play to their end`,
  { timeout: 900_000 },
  () => {
    const faults = Array.from({ length: TIMES }).flatMap((_, number) =>
      outcomeOf(number, () => {
        const random = streamOf('configs', number);
        const base = RECORDED[random.below(RECORDED.length)]!;
        const config = JSON.stringify(mutated(random, configOf(base)));
        const errors = readBootstrap(api, config).diagnostics.filter((one) => one.severity === 'error');
        const unsaid = errors.find((one) => one.message === '' || one.range === undefined);
        if (unsaid) return `${base.name}: no place or reason: ${JSON.stringify(unsaid)}`;
        const steps = (base.steps ?? []).filter((step) => (step.repeat ?? 0) < 50);
        playScenario(
          api,
          { ...base, upstreams: base.upstreams ?? [], config, steps },
          { seed: '1', trace: number % 4 === 0 },
        );
        return undefined;
      }),
    );
    expect(faults).toEqual([]);
  },
);

test(`${TIMES} odd requests are answered, refused or cut off`, { timeout: 900_000 }, () => {
  const faults = Array.from({ length: TIMES / 10 }).flatMap((_, number) =>
    outcomeOf(number, () => {
      const random = streamOf('requests', number);
      const base = PLAYABLE[random.below(PLAYABLE.length)]!;
      const to = base.steps.find((step) => step.request)?.request?.to ?? '127.0.0.1:10000';
      const steps = Array.from({ length: 10 }, () => ({ request: oddRequest(random, to) }));
      const { steps: played } = playScenario(
        api,
        { ...base, config: JSON.stringify(configOf(base)), steps } as Scenario,
        {
          seed: '1',
          trace: number % 4 === 0,
        },
      );
      return played.every((step) => step.expect?.response) ? undefined : `${base.name}: a request without an outcome`;
    }),
  );
  expect(faults).toEqual([]);
});
