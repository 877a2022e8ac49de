import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';

const FULL = 100;

/** The hosts of one priority, by health. */
export interface HostSet {
  readonly all: readonly Host[];
  readonly healthy: readonly Host[];
  readonly degraded: readonly Host[];
}

export interface PriorityChoice {
  readonly priority: number;
  /** Which of its hosts are open to choice. */
  readonly source: 'all' | 'healthy' | 'degraded';
}

/** Of 100 requests, how many go to each priority, and whether it is in panic. */
export interface Loads {
  readonly healthy: readonly number[];
  readonly degraded: readonly number[];
  readonly panics: readonly boolean[];
}

/** Shares all requests over the priorities by how many of their hosts can take them: load_balancer_impl.cc. */
export const choosePriority = (loads: Loads, random: Random): PriorityChoice => priorityAt(loads, random.below(FULL));

/** The priority that has a hash among its share. */
export const priorityByHash = (loads: Loads, hash: bigint): PriorityChoice =>
  priorityAt(loads, Number(hash % BigInt(FULL)));

function priorityAt(loads: Loads, drawn: number): PriorityChoice {
  let ticket = drawn + 1;
  for (const source of ['healthy', 'degraded'] as const) {
    for (const [priority, load] of loads[source].entries()) {
      ticket -= load;
      if (ticket <= 0) return { priority, source: loads.panics[priority] ? 'all' : source };
    }
  }
  return { priority: 0, source: 'all' };
}

export interface LoadOptions {
  readonly overprovisioning: number;
  readonly panicThreshold: number;
  /** `weighted_priority_health`: heavy hosts count for more. */
  readonly isWeighted?: boolean;
}

export function loadsOf(
  sets: readonly HostSet[],
  { overprovisioning, panicThreshold, isWeighted }: LoadOptions,
): Loads {
  const share = (part: readonly Host[], set: HostSet): number =>
    set.all.length === 0 ? 0 : Math.min(FULL, Math.floor((overprovisioning * sizeOf(part)) / sizeOf(set.all)));
  const sizeOf = (hosts: readonly Host[]): number =>
    isWeighted === true ? sum(hosts.map(({ weight }) => weight)) : hosts.length;
  const healthyShares = sets.map((set) => share(set.healthy, set));
  const degradedShares = sets.map((set) => share(set.degraded, set));
  const total = Math.min(FULL, sum(healthyShares) + sum(degradedShares));
  if (total === 0)
    return panicThreshold > 0
      ? panicLoads(sets)
      : {
          healthy: sets.map((_, i) => (i === 0 ? FULL : 0)),
          degraded: sets.map(() => 0),
          panics: sets.map(() => false),
        };
  let left = FULL;
  const give = (shares: readonly number[]): number[] =>
    shares.map((one) => {
      const load = Math.min(left, Math.floor((one * FULL) / total));
      left -= load;
      return load;
    });
  const healthy = give(healthyShares);
  const degraded = give(degradedShares);
  if (left > 0) {
    const first = healthy.findIndex((load) => load > 0);
    if (first >= 0) healthy[first]! += left;
    else degraded[degraded.findIndex((load) => load > 0)]! += left;
  }
  const isFull = sum(healthyShares) + sum(degradedShares) >= FULL;
  const panics = sets.map(
    (set) =>
      !isFull &&
      set.all.length > 0 &&
      ((set.healthy.length + set.degraded.length) * FULL) / set.all.length < panicThreshold,
  );
  return { healthy, degraded, panics };
}

/** Nothing is well anywhere: every priority gets by its size, to all of its hosts. */
function panicLoads(sets: readonly HostSet[]): Loads {
  const total = sum(sets.map((set) => set.all.length)) || 1;
  const healthy = sets.map((set) => Math.floor((set.all.length * FULL) / total));
  const first = healthy.findIndex((load) => load > 0);
  if (first >= 0) healthy[first]! += FULL - sum(healthy);
  return { healthy, degraded: sets.map(() => 0), panics: sets.map(() => true) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
