import type { Host } from '../upstream/host.ts';
import type { HostPicker } from './load_balancer.ts';

interface Turn {
  /** For hosts of equal weight: whose turn it is. */
  next: number;
  /** For others: when each is due, earliest deadline first. */
  readonly deadlines: Map<Host, number>;
  now: number;
}

/** ROUND_ROBIN: hosts in turn, and by weight in a weighted schedule (edf_scheduler.h). */
export class RoundRobin implements HostPicker {
  readonly #turns = new WeakMap<readonly Host[], Turn>();

  pick(hosts: readonly Host[]): Host {
    let turn = this.#turns.get(hosts);
    if (!turn)
      this.#turns.set(
        hosts,
        (turn = { next: 0, deadlines: new Map(hosts.map((host) => [host, 1 / host.weight])), now: 0 }),
      );
    return isEven(hosts) ? hosts[turn.next++ % hosts.length]! : earliest(hosts, turn);
  }

  next(hosts: readonly Host[]): Host | undefined {
    const turn = this.#turns.get(hosts);
    if (!turn) return hosts[0];
    return isEven(hosts) ? hosts[turn.next % hosts.length] : soonest(hosts, turn);
  }
}

const isEven = (hosts: readonly Host[]): boolean => hosts.every((host) => host.weight === hosts[0]!.weight);

function soonest(hosts: readonly Host[], turn: Turn): Host {
  let chosen = hosts[0]!;
  for (const host of hosts) if (turn.deadlines.get(host)! < turn.deadlines.get(chosen)!) chosen = host;
  return chosen;
}

function earliest(hosts: readonly Host[], turn: Turn): Host {
  const chosen = soonest(hosts, turn);
  turn.now = turn.deadlines.get(chosen)!;
  turn.deadlines.set(chosen, turn.now + 1 / chosen.weight);
  return chosen;
}
