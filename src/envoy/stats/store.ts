/** Counters and gauges by Envoy's own names. */
export class StatsStore {
  /** Everything that ever moved. */
  readonly counters = new Map<string, number>();
  readonly #gauges = new Set<string>();
  /** What is there from the start, at 0 until something moves it. */
  readonly #declared = new Set<string>();

  add(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  /** A gauge: what it is now. */
  set(name: string, value: number): void {
    this.#gauges.add(name);
    this.#declared.add(name);
    if (value !== 0 || this.counters.has(name)) this.counters.set(name, value);
  }

  declare(...names: string[]): void {
    for (const name of names) this.#declared.add(name);
  }

  isUsed(name: string): boolean {
    return this.counters.has(name);
  }

  resetCounters(): void {
    for (const name of this.counters.keys()) {
      if (this.#gauges.has(name)) continue;
      this.counters.delete(name);
      this.#declared.add(name);
    }
  }

  *all(): Iterable<[string, number]> {
    yield* this.counters;
    for (const name of this.#declared) if (!this.counters.has(name)) yield [name, 0];
  }
}
