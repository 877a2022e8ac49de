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
    const isEven = hosts.every((host) => host.weight === hosts[0]!.weight);
    return isEven ? hosts[turn.next++ % hosts.length]! : earliest(hosts, turn);
  }
}

function earliest(hosts: readonly Host[], turn: Turn): Host {
  let chosen = hosts[0]!;
  for (const host of hosts) if (turn.deadlines.get(host)! < turn.deadlines.get(chosen)!) chosen = host;
  turn.now = turn.deadlines.get(chosen)!;
  turn.deadlines.set(chosen, turn.now + 1 / chosen.weight);
  return chosen;
}
