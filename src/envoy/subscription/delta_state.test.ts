import { expect, test } from 'vitest';
import { DeltaState } from './delta_state.ts';

test('the first request of a stream says all that is wanted and what is held, later ones what changed', () => {
  const state = new DeltaState('eds');
  state.updateInterest(['a', 'b'], []);
  expect(state.nextRequest(undefined)).toMatchObject({ subscribe: ['a', 'b'], unsubscribe: [], initial: {} });
  expect(state.isUpdatePending).toBe(false);
  state.accept({
    mode: 'delta',
    type: 'eds',
    version: '1',
    nonce: 'eds-1',
    resources: [{ name: 'a', version: '1', resource: {} }],
    removed: [],
  });
  state.updateInterest(['c'], ['b']);
  expect(state.nextRequest({ nonce: 'eds-1' })).toEqual({
    mode: 'delta',
    type: 'eds',
    nonce: 'eds-1',
    subscribe: ['c'],
    unsubscribe: ['b'],
    initial: {},
  });
  state.onNewStream();
  expect(state.nextRequest(undefined)).toMatchObject({ subscribe: ['a', 'c'], initial: { a: '1' } });
});

test('a first request for everything names nothing', () => {
  const state = new DeltaState('cds');
  expect(state.isUpdatePending).toBe(true);
  expect(state.nextRequest(undefined)).toMatchObject({ subscribe: [], unsubscribe: [] });
});

test('a resource without content at the version that is held only says that it holds', () => {
  const state = new DeltaState('eds');
  state.updateInterest(['a'], []);
  const resource = { name: 'a', version: '1', resource: {} };
  state.accept({ mode: 'delta', type: 'eds', version: '1', nonce: 'n', resources: [resource], removed: [] });
  const beats = (version: string): boolean => state.isHeartbeat({ name: 'a', version, resource: undefined });
  expect([beats('1'), beats('2')]).toEqual([true, false]);
});
