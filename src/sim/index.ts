/** The ground of every run: virtual time, named randomness, and the check that we ourselves are right. */
export type { Dispatcher, RunLimits, RunOutcome, Timer } from './dispatcher.ts';
export { SimulatedDispatcher } from './dispatcher.ts';
export type { Random } from './random.ts';
export { seededRandom } from './random.ts';
export { SIMULATION_EPOCH_MS, wallSeconds } from './epoch.ts';
export { invariant } from './invariant.ts';
