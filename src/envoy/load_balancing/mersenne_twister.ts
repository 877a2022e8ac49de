const SIZE = 624;
const SHIFT = 397;

/** `std::mt19937` of C++, for choices that have to come out as Envoy's do (Matsumoto and Nishimura, 1998). */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE);
  #at = SIZE;

  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const before = state[i - 1]!;
      state[i] = Math.imul(before ^ (before >>> 30), 1_812_433_253) + i;
    }
  }

  /** The next number of 32 bits. */
  next(): number {
    if (this.#at === SIZE) this.#twist();
    let word = this.#state[this.#at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c_5680;
    word ^= (word << 15) & 0xefc6_0000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** A whole number below a limit, each as likely. */
  below(limit: number): number {
    const step = Math.floor(2 ** 32 / limit);
    for (;;) {
      const drawn = Math.floor(this.next() / step);
      if (drawn < limit) return drawn;
    }
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const bits = (state[i]! & 0x8000_0000) | (state[(i + 1) % SIZE]! & 0x7fff_ffff);
      state[i] = state[(i + SHIFT) % SIZE]! ^ (bits >>> 1) ^ ((bits & 1) === 0 ? 0 : 0x9908_b0df);
    }
    this.#at = 0;
  }
}
