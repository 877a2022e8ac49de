import type { Host } from '../upstream/host.ts';

interface Entry {
  readonly host: Host;
  deadline: number;
  /** Of equal deadlines the one that was put in first is due first. */
  order: number;
}

const ownWeight = (host: Host): number => host.weight;

/** Hosts by weight, earliest deadline first, as a heap: source/common/upstream/edf_scheduler.h. */
export class EdfSchedule {
  readonly #heap: Entry[] = [];
  #orders = 0;

  constructor(hosts: readonly Host[], weightOf = ownWeight) {
    for (const host of hosts) this.#heap.push({ host, deadline: 1 / weightOf(host), order: this.#orders++ });
    for (let i = this.#heap.length >> 1; i >= 0; i--) this.#sink(i);
  }

  /** The host that is due next. */
  get first(): Host {
    return this.#heap[0]!.host;
  }

  /** Takes the host that is due, and puts it in again behind its share of time, by the weight that it has now. */
  take(weightOf = ownWeight): Host {
    const entry = this.#heap[0]!;
    entry.deadline += 1 / weightOf(entry.host);
    entry.order = this.#orders++;
    this.#sink(0);
    return entry.host;
  }

  #sink(at: number): void {
    const heap = this.#heap;
    const entry = heap[at]!;
    let i = at;
    for (let child = 2 * i + 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isDueBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isDueBefore(heap[child]!, entry)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = entry;
  }
}

const isDueBefore = (a: Entry, b: Entry): boolean =>
  a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);

export const isEven = (hosts: readonly Host[]): boolean => hosts.every((host) => host.weight === hosts[0]!.weight);
