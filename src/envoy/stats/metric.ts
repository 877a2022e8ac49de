/** A count that only grows. Found once by its name and then kept, so that counting is an addition. */
export class Counter {
  readonly name: string;
  value = 0;
  /** Whether anything has ever moved it: `usedonly` asks for that, and a reset does not forget it. */
  isUsed = false;

  constructor(name: string) {
    this.name = name;
  }

  inc(): void {
    this.value++;
    this.isUsed = true;
  }

  add(by: number): void {
    this.value += by;
    this.isUsed = true;
  }
}

/** What something is now. Setting it to what it was counts as use. */
export class Gauge {
  readonly name: string;
  value = 0;
  isUsed = false;

  constructor(name: string) {
    this.name = name;
  }

  set(value: number): void {
    this.value = value;
    this.isUsed = true;
  }

  add(by: number): void {
    this.value += by;
    this.isUsed = true;
  }
}

/** A word that something has now: the version of a configuration. */
export class TextReadout {
  readonly name: string;
  value = '';
  isUsed = false;

  constructor(name: string) {
    this.name = name;
  }

  set(value: string): void {
    this.value = value;
    this.isUsed = true;
  }
}
