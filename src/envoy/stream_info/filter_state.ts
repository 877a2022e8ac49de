/**
 * Objects by name that live as long as a stream or a connection: stream_info/filter_state.h. Each is kept as the text that
 * it serializes to, with what is asked of its kind.
 */
export class FilterState extends Map<string, string> {
  /** Most streams have none. */
  #hashable: Set<string> | undefined;

  /** An object that a hash can be made of. */
  setHashable(key: string, value: string): void {
    this.set(key, value);
    (this.#hashable ??= new Set()).add(key);
  }

  isHashable(key: string): boolean {
    return this.#hashable?.has(key) === true;
  }

  /** Takes over all that another has. */
  inherit(other: FilterState): void {
    for (const [key, value] of other) this.set(key, value);
    if (other.#hashable) this.#hashable = new Set(other.#hashable);
  }
}
