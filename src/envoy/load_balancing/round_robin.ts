import type { Host } from '../upstream/host.ts';
import { EdfSchedule, isEven } from './edf_schedule.ts';
import type { HostPicker } from './load_balancer.ts';
import type { SlowStart } from './slow_start.ts';

/** Whose turn it is: by place for hosts of equal weight, by a schedule for others. */
interface Turn {
  next: number;
  readonly schedule: EdfSchedule | undefined;
}

/** ROUND_ROBIN: hosts in turn, and by weight in a weighted schedule. */
export class RoundRobin implements HostPicker {
  readonly #turns = new WeakMap<readonly Host[], Turn>();
  readonly #slowStart: SlowStart | undefined;

  constructor(slowStart?: SlowStart) {
    this.#slowStart = slowStart;
  }

  pick(hosts: readonly Host[]): Host {
    let turn = this.#turns.get(hosts);
    if (!turn) this.#turns.set(hosts, (turn = this.#turnOf(hosts)));
    return turn.schedule ? turn.schedule.take(this.#slowStart?.weightOf) : hosts[turn.next++ % hosts.length]!;
  }

  next(hosts: readonly Host[]): Host | undefined {
    const turn = this.#turns.get(hosts);
    if (!turn) return hosts[0];
    return turn.schedule ? turn.schedule.first : hosts[turn.next % hosts.length];
  }

  #turnOf(hosts: readonly Host[]): Turn {
    const takesTurns = isEven(hosts) && this.#slowStart?.slows(hosts) !== true;
    return { next: 0, schedule: takesTurns ? undefined : new EdfSchedule(hosts, this.#slowStart?.weightOf) };
  }
}
