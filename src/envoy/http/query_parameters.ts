/** The query of a path. Envoy holds it in an ordered map: names come back in their order, values in theirs (http/utility.cc, QueryParamsMulti). */
export class QueryParameters {
  readonly #bare: string;
  readonly #values = new Map<string, string[]>();

  constructor(path: string) {
    const mark = path.indexOf('?');
    this.#bare = mark < 0 ? path : path.slice(0, mark);
    const query = mark < 0 ? '' : path.slice(mark + 1);
    for (const part of query === '' ? [] : query.split('&')) {
      const equals = part.indexOf('=');
      if (equals < 0) this.add(part, '');
      else this.add(part.slice(0, equals), part.slice(equals + 1));
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  add(name: string, value: string): void {
    const values = this.#values.get(name);
    if (values) values.push(value);
    else this.#values.set(name, [value]);
  }

  set(name: string, value: string): void {
    this.#values.set(name, [value]);
  }

  remove(name: string): void {
    this.#values.delete(name);
  }

  /** The path with the query as it is now. */
  get path(): string {
    const parts = [...this.#values.keys()]
      .sort()
      .flatMap((name) => this.#values.get(name)!.map((one) => `${name}=${one}`));
    return parts.length === 0 ? this.#bare : `${this.#bare}?${parts.join('&')}`;
  }
}

/** The path with parameters set and removed. */
export function setQueryParameters(
  path: string,
  set: readonly (readonly [string, string])[],
  remove: readonly string[],
): string {
  const query = new QueryParameters(path);
  for (const [name, value] of set) query.set(name, value);
  for (const name of remove) query.remove(name);
  return query.path;
}
