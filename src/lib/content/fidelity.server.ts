import { readdirSync, readFileSync } from 'node:fs';
import { KNOWN_FAILURES } from '../../../tests/conformance/known_failures.ts';

const VECTORS = 'tests/conformance/vectors';

export interface Recording {
  readonly name: string;
  /** The one thing that it shows. */
  readonly about: string;
  /** Why ours still differs; absent where it agrees. */
  readonly reason?: string;
}

export interface Area {
  readonly name: string;
  readonly agree: number;
  readonly recordings: readonly Recording[];
}

/** The recordings of the real Envoy by area; the test suite sees to it that the differences are those, and no others. */
export function recordings(): { readonly areas: readonly Area[] } {
  const names = readdirSync(VECTORS, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.json'))
    .sort();
  const byArea = groupOf(names);
  return {
    areas: [...byArea].map(([name, list]) => ({
      name,
      agree: list.filter((one) => one.reason === undefined).length,
      recordings: list,
    })),
  };
}

function groupOf(names: readonly string[]): Map<string, Recording[]> {
  const areas = new Map<string, Recording[]>();
  for (const file of names) {
    const area = file.split('/')[0]!;
    areas.set(area, [...(areas.get(area) ?? []), recordingOf(file)]);
  }
  return areas;
}

function recordingOf(file: string): Recording {
  const { about = '' } = JSON.parse(readFileSync(`${VECTORS}/${file}`, 'utf8')) as { about?: string };
  const name = file.replace(/\.json$/, '');
  const reason = KNOWN_FAILURES[name];
  return { name, about, ...(reason === undefined ? {} : { reason }) };
}

/** How many of the recordings of the real Envoy ours agrees with, as the test suite sees to. */
export function fidelity(): { agree: number; all: number } {
  const { areas } = recordings();
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  return { agree: sum(areas.map((one) => one.agree)), all: sum(areas.map((one) => one.recordings.length)) };
}
