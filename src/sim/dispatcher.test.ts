import { expect, test } from 'vitest';
import { seededRandom, SimulatedDispatcher } from '#sim';

test('events run by time, and at equal times in the order asked for', () => {
  const dispatcher = new SimulatedDispatcher();
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${dispatcher.nowMs} ${name}`);
  dispatcher.createTimer('late', 20, note('late'));
  dispatcher.createTimer('first', 10, note('first'));
  dispatcher.createTimer('second', 10, note('second'));
  dispatcher.createTimer('never', 5, note('never')).cancel();
  dispatcher.post('now', note('now'));
  expect(dispatcher.run({ untilMs: 100, events: 100 })).toBe('idle');
  expect(seen).toEqual(['0 now', '10 first', '10 second', '20 late']);
});

test('a run that never ends stops at the event limit, and one past the time at the time limit', () => {
  const dispatcher = new SimulatedDispatcher();
  const again = (): void => void dispatcher.createTimer('again', 1, again);
  again();
  expect(dispatcher.run({ untilMs: 1_000_000, events: 50 })).toBe('event_limit');
  expect(dispatcher.run({ untilMs: 60, events: 50 })).toBe('time_limit');
  expect(dispatcher.nowMs).toBe(60);
});

test('a seed names its numbers, and a fork is not moved by its sibling', () => {
  const picks = (seed: string): number[] =>
    Array.from(
      { length: 5 },
      (
        (random) => () =>
          random.below(100)
      )(seededRandom(seed).fork('lb')),
    );
  expect(picks('a')).toEqual(picks('a'));
  expect(picks('a')).not.toEqual(picks('b'));
});
