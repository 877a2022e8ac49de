import type { ConfigNode } from '../config_node.ts';

/** What the path condition of a route takes, as far as it is plain text. */
export interface PathSet {
  readonly kind: 'prefix' | 'separated' | 'exact';
  readonly text: string;
  readonly caseSensitive: boolean;
}

/** Undefined for regular expressions, templates and CONNECT, which are compared with nothing. */
export function pathSetOf(match: ConfigNode | undefined): PathSet | undefined {
  if (!match) return undefined;
  const caseSensitive = match.raw('case_sensitive') !== false;
  for (const [field, kind] of [
    ['prefix', 'prefix'],
    ['path_separated_prefix', 'separated'],
    ['path', 'exact'],
  ] as const) {
    const text = match.text(field);
    if (text !== undefined) return { kind, text, caseSensitive };
  }
  return undefined;
}

/**
 * Positions of routes by the text of their path condition, so that a request looks only at those whose text its path
 * begins with. It may offer a position too many, never one too few: the route itself has the last word.
 */
export class PathIndex {
  readonly #byText = new Map<string, number[]>();
  readonly #byFoldedText = new Map<string, number[]>();
  /** The lengths that texts have, in ascending order: only beginnings of these lengths are looked up. */
  readonly #lengths: number[] = [];
  /** Those that can only be tried. */
  readonly #others: number[] = [];

  add(position: number, set: PathSet | undefined): void {
    if (!set) {
      this.#others.push(position);
      return;
    }
    const [map, text] = set.caseSensitive ? [this.#byText, set.text] : [this.#byFoldedText, set.text.toLowerCase()];
    const known = map.get(text);
    if (known) known.push(position);
    else map.set(text, [position]);
    this.#noteLength(text.length);
  }

  #noteLength(length: number): void {
    const place = this.#lengths.findIndex((one) => one >= length);
    if (place < 0) this.#lengths.push(length);
    else if (this.#lengths[place] !== length) this.#lengths.splice(place, 0, length);
  }

  /** The positions to try, lists in ascending order each. */
  candidates(path: string): readonly (readonly number[])[] {
    const lists: (readonly number[])[] = this.#others.length > 0 ? [this.#others] : [];
    const folded = this.#byFoldedText.size > 0 ? path.toLowerCase() : undefined;
    for (const length of this.#lengths) {
      if (length > path.length) break;
      const list = this.#byText.get(path.slice(0, length));
      if (list) lists.push(list);
      const insensitive = folded === undefined ? undefined : this.#byFoldedText.get(folded.slice(0, length));
      if (insensitive) lists.push(insensitive);
    }
    return lists;
  }
}

/** Calls with each position of several ascending lists in ascending order, until one is taken. */
export function firstOf(
  lists: readonly (readonly number[])[],
  isTaken: (position: number) => boolean,
): number | undefined {
  if (lists.length === 1) return lists[0]!.find(isTaken);
  const heads = lists.map(() => 0);
  for (;;) {
    let next: number | undefined;
    let from = -1;
    for (let i = 0; i < lists.length; i++) {
      const position = lists[i]![heads[i]!];
      if (position !== undefined && (next === undefined || position < next)) [next, from] = [position, i];
    }
    if (next === undefined) return undefined;
    if (isTaken(next)) return next;
    heads[from]!++;
  }
}
