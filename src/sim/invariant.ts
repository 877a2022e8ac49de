/** Says that the simulator itself is wrong, never the learner's configuration. Caught once, at the worker's boundary. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Bug in the simulator: ${message}`);
}
