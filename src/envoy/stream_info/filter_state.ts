import type { Json } from '#api';

/** An object with more to it than a text. */
export interface StateObject {
  /** Its message, as `%FILTER_STATE(KEY)%` prints it. */
  readonly message: Json;
  /** As `%FILTER_STATE(KEY:FIELD:NAME)%` asks. */
  readonly fields?: Readonly<Record<string, string | number>>;
}

/**
 * Objects by name that live as long as a stream or a connection: stream_info/filter_state.h. Each is kept as the text that
 * it serializes to, with what is asked of its kind.
 */
export class FilterState extends Map<string, string> {
  /** Most streams have none. */
  #hashable: Set<string> | undefined;
  #objects: Map<string, StateObject> | undefined;

  /** `text` is what it serializes to as text. */
  setObject(key: string, text: string, object: StateObject): void {
    this.set(key, text);
    (this.#objects ??= new Map()).set(key, object);
  }

  object(key: string): StateObject | undefined {
    return this.#objects?.get(key);
  }

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
    if (other.#objects) this.#objects = new Map(other.#objects);
  }
}
