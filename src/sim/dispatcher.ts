export interface Timer {
  cancel(): void;
}

/** Time as the simulated processes see it: a clock, and things to be done later. */
export interface Dispatcher {
  readonly nowMs: number;
  /** Runs after the current event, at the same virtual time. */
  post(name: string, run: () => void): void;
  createTimer(name: string, delayMs: number, run: () => void): Timer;
}

export interface RunLimits {
  readonly untilMs: number;
  readonly events: number;
  /** Looked at after each event: a run that waits for something ends when it has come. */
  readonly isDone?: () => boolean;
}

export type RunOutcome = 'idle' | 'done' | 'time_limit' | 'event_limit';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly name: string;
  run: (() => void) | undefined;
}

/** Cancelled events are let be until there are this many. */
const COMPACT_FROM = 1_000;

/** All the time there is. Events run one at a time, by virtual time and, at equal times, by the order asked for. */
export class SimulatedDispatcher implements Dispatcher {
  nowMs = 0;
  #order = 0;
  #cancelled = 0;
  /** A binary heap: a linear scan took a hundred times as long with 5,000 timers pending. */
  readonly #heap: Event[] = [];

  post(name: string, run: () => void): void {
    this.createTimer(name, 0, run);
  }

  createTimer(name: string, delayMs: number, run: () => void): Timer {
    const event: Event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, name, run };
    this.#push(event);
    return { cancel: () => this.#cancel(event) };
  }

  /** Runs events until none is left, the next one lies after `untilMs`, or `events` have run. */
  run(limits: RunLimits): RunOutcome {
    let left = limits.events;
    for (let next = this.#heap[0]; next; next = this.#heap[0]) {
      if (!next.run) {
        this.#pop();
        this.#cancelled--;
        continue;
      }
      if (next.atMs > limits.untilMs) {
        this.nowMs = limits.untilMs;
        return 'time_limit';
      }
      if (left-- <= 0) return 'event_limit';
      this.#pop();
      this.nowMs = next.atMs;
      const { run } = next;
      next.run = undefined;
      run();
      if (limits.isDone?.()) return 'done';
    }
    return 'idle';
  }

  #cancel(event: Event): void {
    if (!event.run) return;
    event.run = undefined;
    this.#cancelled++;
    if (this.#cancelled > COMPACT_FROM && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  /** A load run cancels a timer a request, each due long after: without this they would fill the memory. */
  #compact(): void {
    const kept = this.#heap.filter((event) => event.run).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#heap.length = 0;
    this.#heap.push(...kept);
    this.#cancelled = 0;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
