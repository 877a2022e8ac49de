/** Something that one start or several have to wait for. `ready` may come before it was asked to start. */
export class InitTarget {
  readonly name: string;
  readonly #start: () => void;
  #waiting: (() => void)[] | undefined;
  #isReady = false;

  constructor(name: string, start: () => void) {
    this.name = name;
    this.#start = start;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  initialize(onReady: () => void): void {
    if (this.#isReady) return onReady();
    if (this.#waiting) return void this.#waiting.push(onReady);
    this.#waiting = [onReady];
    this.#start();
  }

  /** Only the first time counts. */
  ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    const waiting = this.#waiting ?? [];
    this.#waiting = [];
    for (const onReady of waiting) onReady();
  }
}

/** Starts targets and tells when the last of them is ready: init/manager_impl.cc. */
export class InitManager {
  readonly #targets: InitTarget[] = [];
  #onReady: (() => void) | undefined;
  #waiting = 0;
  #state: 'uninitialized' | 'initializing' | 'initialized' = 'uninitialized';

  get hasBegun(): boolean {
    return this.#state !== 'uninitialized';
  }

  /** Nothing more is waited for: what is added now would not be started. */
  get isInitialized(): boolean {
    return this.#state === 'initialized';
  }

  /** The names of what is still waited for. */
  unready(): string[] {
    return this.#targets.filter((one) => !one.isReady).map((one) => one.name);
  }

  /** A target that comes while others are waited for is waited for too. */
  add(target: InitTarget): void {
    this.#targets.push(target);
    if (this.#state !== 'initializing') return;
    this.#waiting++;
    target.initialize(() => this.#onTargetReady());
  }

  initialize(onReady: () => void): void {
    this.#onReady = onReady;
    this.#state = 'initializing';
    // One more than the targets, so that those which are ready at once do not end it before all have been started.
    this.#waiting = this.#targets.length + 1;
    for (const target of [...this.#targets]) target.initialize(() => this.#onTargetReady());
    this.#onTargetReady();
  }

  #onTargetReady(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    this.#state = 'initialized';
    this.#onReady?.();
  }
}
