import { SINGLE_HEADERS } from './single_headers.ts';

/** Adds a header as `core.v3.HeaderValueOption.append_action` says. */
export function addHeader(headers: HeaderMap, name: string, value: string, action: string): void {
  const exists = headers.has(name);
  if (action === 'APPEND_IF_EXISTS_OR_ADD' || (action === 'ADD_IF_ABSENT' && !exists)) headers.add(name, value);
  else if (action === 'OVERWRITE_IF_EXISTS_OR_ADD' || (action === 'OVERWRITE_IF_EXISTS' && exists))
    headers.set(name, value);
}

/** Headers in order, names in lower case, a name as often as it was sent. */
export class HeaderMap {
  /** Two arrays in step: a request has some ten headers, and every filter looks at them. */
  #names: string[] = [];
  #values: string[] = [];
  /** How names are written, where their sender's spelling is kept. */
  spelling: ((name: string) => string) | undefined;

  constructor(pairs: readonly (readonly [string, string])[] = []) {
    for (const [name, value] of pairs) {
      this.#append(name.toLowerCase(), value);
    }
  }

  copy(): HeaderMap {
    const copy = new HeaderMap();
    copy.#names = this.#names.slice();
    copy.#values = this.#values.slice();
    copy.spelling = this.spelling;
    return copy;
  }

  /** A request has its host as `:authority`, whichever of the two names it is asked for by. */
  #nameOf(name: string): string {
    return name === 'host' && this.#names.includes(':authority') ? ':authority' : name;
  }

  /** The first value of the name. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(this.#nameOf(name));
    return index < 0 ? undefined : this.#values[index];
  }

  has(name: string): boolean {
    return this.#names.includes(this.#nameOf(name));
  }

  all(asked: string): string[] {
    const name = this.#nameOf(asked);
    return this.#values.filter((_, i) => this.#names[i] === name);
  }

  add(asked: string, value: string): void {
    this.#append(this.#nameOf(asked), value);
  }

  #append(name: string, value: string): void {
    const at = SINGLE_HEADERS.has(name) ? this.#names.indexOf(name) : -1;
    if (at < 0) {
      this.#names.push(name);
      this.#values.push(value);
    } else if (value !== '') this.#values[at] = this.#values[at] === '' ? value : `${this.#values[at]},${value}`;
  }

  /** The first of them that is meant. */
  find(isMeant: (name: string, value: string) => boolean): { name: string; value: string } | undefined {
    const at = this.#names.findIndex((name, i) => isMeant(name, this.#values[i]!));
    return at < 0 ? undefined : { name: this.#names[at]!, value: this.#values[at]! };
  }

  /** Leaves exactly one value, where the first one stood. */
  set(asked: string, value: string): void {
    const name = this.#nameOf(asked);
    const index = this.#names.indexOf(name);
    if (index < 0) return this.add(name, value);
    this.#values[index] = value;
    if (this.#names.indexOf(name, index + 1) >= 0) this.#removeFrom(name, index + 1);
  }

  /** Leaves exactly one value, behind all other headers. */
  replace(asked: string, value: string): void {
    const name = this.#nameOf(asked);
    this.remove(name);
    this.add(name, value);
  }

  remove(asked: string): void {
    const name = this.#nameOf(asked);
    if (this.#names.includes(name)) this.#removeFrom(name, 0);
  }

  #removeFrom(name: string, from: number): void {
    for (let i = this.#names.length - 1; i >= from; i--) {
      if (this.#names[i] !== name) continue;
      this.#names.splice(i, 1);
      this.#values.splice(i, 1);
    }
  }

  /** Removes every header whose name is among those given, in one pass. */
  removeAll(names: ReadonlySet<string>): void {
    for (let i = this.#names.length - 1; i >= 0; i--) {
      if (!names.has(this.#names[i]!)) continue;
      this.#names.splice(i, 1);
      this.#values.splice(i, 1);
    }
  }

  pairs(): [string, string][] {
    return this.#names.map((name, i) => [name, this.#values[i]!]);
  }

  /** Name and value together, as they count against the limit of a connection manager. */
  byteLength(): number {
    let length = 0;
    for (let i = 0; i < this.#names.length; i++) length += this.#names[i]!.length + this.#values[i]!.length;
    return length;
  }

  get size(): number {
    return this.#names.length;
  }

  /** The names in order. */
  names(): readonly string[] {
    return this.#names;
  }
}
