import { readdirSync } from 'node:fs';
import { KNOWN_FAILURES } from '../../../tests/conformance/known_failures.ts';

/** How many of the recordings of the real Envoy ours agrees with, as the test suite sees to. */
export function fidelity(): { agree: number; all: number } {
  const all = readdirSync('tests/conformance/vectors', { recursive: true }).filter((name) =>
    String(name).endsWith('.json'),
  ).length;
  return { agree: all - Object.keys(KNOWN_FAILURES).length, all };
}
