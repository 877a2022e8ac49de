import type { Json, JsonObject } from '#api';
import { at, type ConfigRef } from '#source';

const NONE: readonly never[] = [];

/**
 * A message of the configuration together with its place: reading a field keeps the way to its line. What has been
 * read once is kept, so that running costs a look-up where compiling paid for the node.
 */
export class ConfigNode {
  readonly value: JsonObject;
  readonly ref: ConfigRef;
  #children: Map<string, ConfigNode | undefined> | undefined;
  #lists: Map<string, readonly ConfigNode[]> | undefined;

  constructor(value: JsonObject, ref: ConfigRef) {
    this.value = value;
    this.ref = ref;
  }

  /** Whether the field is set. Names are the proto's, in snake_case. */
  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** Also the key of a map, which keeps its own spelling. */
  raw(name: string): Json | undefined {
    return this.value[camelCase(name)] ?? this.value[name] ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.raw(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.raw(name);
    return typeof value === 'number' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.raw(name) === true;
  }

  child(name: string): ConfigNode | undefined {
    const known = this.#children?.get(name);
    if (known !== undefined || this.#children?.has(name)) return known;
    const value = this.raw(name);
    const child = isObject(value) ? new ConfigNode(value, at(this.ref, name)) : undefined;
    (this.#children ??= new Map()).set(name, child);
    return child;
  }

  list(name: string): readonly ConfigNode[] {
    const known = this.#lists?.get(name);
    if (known) return known;
    const value = this.raw(name);
    if (!Array.isArray(value) || value.length === 0) return NONE;
    const list = value.flatMap((one, i) => (isObject(one) ? [new ConfigNode(one, at(this.ref, name, i))] : []));
    (this.#lists ??= new Map()).set(name, list);
    return list;
  }

  texts(name: string): string[] {
    const value = this.raw(name);
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const camelNames = new Map<string, string>();

function camelCase(name: string): string {
  let camel = camelNames.get(name);
  if (camel === undefined) {
    camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    camelNames.set(name, camel);
  }
  return camel;
}
