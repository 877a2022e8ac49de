/** A repeatable source of chance. */
export interface Random {
  /** A whole number in [0, bound). */
  below(bound: number): number;
  /** An independent stream named after its user: adding a filter must not change which host a balancer picks. */
  fork(name: string): Random;
}

/** The stream that a seed names: the same seed gives the same numbers in every browser and in Node. */
export function seededRandom(seed: string): Random {
  let state = hashOf(seed);
  return {
    below: (bound) => {
      state = (state + 0x6d2b79f5) | 0;
      return Math.floor((mulberry(state) / 4294967296) * bound);
    },
    fork: (name) => seededRandom(`${seed}/${name}`),
  };
}

/** mulberry32 by Tommy Ettinger (public domain): 32 bits out for 32 bits in. */
function mulberry(state: number): number {
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return (bits ^ (bits >>> 14)) >>> 0;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
