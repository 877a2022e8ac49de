/** Counters by Envoy's own names. */
export class StatsStore {
  readonly counters = new Map<string, number>();

  /** A gauge: what it is now. One that was never above 0 is not there. */
  set(name: string, value: number): void {
    if (value !== 0 || this.counters.has(name)) this.counters.set(name, value);
  }

  add(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }
}
