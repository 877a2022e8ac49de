/** Adds a header as `core.v3.HeaderValueOption.append_action` says. */
export function addHeader(headers: HeaderMap, name: string, value: string, action: string): void {
  const exists = headers.has(name);
  if (action === 'APPEND_IF_EXISTS_OR_ADD' || (action === 'ADD_IF_ABSENT' && !exists)) headers.add(name, value);
  else if (action === 'OVERWRITE_IF_EXISTS_OR_ADD' || (action === 'OVERWRITE_IF_EXISTS' && exists))
    headers.set(name, value);
}

/** Headers in order, names in lower case, a name as often as it was sent. */
export class HeaderMap {
  #pairs: [string, string][];

  constructor(pairs: readonly (readonly [string, string])[] = []) {
    this.#pairs = pairs.map(([name, value]) => [name.toLowerCase(), value]);
  }

  /** The first value of the name. */
  get(name: string): string | undefined {
    return this.#pairs.find(([one]) => one === name)?.[1];
  }

  has(name: string): boolean {
    return this.#pairs.some(([one]) => one === name);
  }

  all(name: string): string[] {
    return this.#pairs.filter(([one]) => one === name).map(([, value]) => value);
  }

  add(name: string, value: string): void {
    this.#pairs.push([name, value]);
  }

  /** Leaves exactly one value, where the first one stood. */
  set(name: string, value: string): void {
    const index = this.#pairs.findIndex(([one]) => one === name);
    if (index < 0) return this.add(name, value);
    this.#pairs = this.#pairs.filter(([one], i) => one !== name || i === index);
    this.#pairs[index] = [name, value];
  }

  remove(name: string): void {
    this.#pairs = this.#pairs.filter(([one]) => one !== name);
  }

  pairs(): [string, string][] {
    return this.#pairs.map(([name, value]) => [name, value]);
  }
}
