/** Counters by Envoy's own names. */
export class StatsStore {
  readonly counters = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }
}
