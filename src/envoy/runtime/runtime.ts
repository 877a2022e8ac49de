import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { StatsStore } from '../stats/store.ts';

const HUNDRED = 100;
const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** A share as a fraction: `type.v3.FractionalPercent`. */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

export const fractionOf = (node: ConfigNode | undefined, otherwise: Fraction): Fraction =>
  node
    ? {
        numerator: node.number('numerator') ?? 0,
        denominator: DENOMINATORS[node.text('denominator') ?? 'HUNDRED'] ?? HUNDRED,
      }
    : otherwise;

interface Layer {
  readonly name: string;
  readonly isAdmin: boolean;
  values: ReadonlyMap<string, Json>;
}

/**
 * Values that operators change while the proxy runs, over the defaults in the configuration: `layered_runtime`, a later
 * layer over an earlier one. `/runtime_modify` writes into the admin layer, RTDS into its own (runtime/runtime_impl.cc).
 */
export class Runtime {
  readonly #layers: readonly Layer[];
  readonly #admin: Layer | undefined;
  readonly #stats: StatsStore;

  constructor(bootstrap: ConfigNode, stats: StatsStore) {
    const layers = bootstrap.child('layered_runtime')?.list('layers') ?? [];
    this.#stats = stats;
    this.#layers = layers.map((layer) => ({
      name: layer.text('name') ?? '',
      isAdmin: layer.has('admin_layer'),
      values: new Map(flattened(layer.child('static_layer')?.value ?? {})),
    }));
    this.#admin = this.#layers.find((layer) => layer.isAdmin);
    // Once when it is made, and once more when there are threads to tell it to.
    this.#loaded();
    this.#loaded();
  }

  /** Puts other values into a layer. */
  setLayer(name: string, values: JsonObject): void {
    const layer = this.#layers.find((one) => one.name === name);
    if (!layer) return;
    layer.values = new Map(flattened(values));
    this.#loaded();
  }

  #loaded(): void {
    this.#stats.add('runtime.load_success');
    this.#stats.add('runtime.override_dir_not_exists');
    this.#stats.set('runtime.num_layers', this.#layers.length);
    this.#stats.set('runtime.num_keys', this.#keys().length);
    this.#stats.set('runtime.admin_overrides_active', this.#admin && this.#admin.values.size > 0 ? 1 : 0);
  }

  #keys(): string[] {
    return [...new Set(this.#layers.flatMap(({ values }) => [...values.keys()]))].sort();
  }

  get(key: string): Json | undefined {
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const value = this.#layers[i]!.values.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** What is written as text counts as what it says. */
  #typed(key: string): Json | undefined {
    const value = this.get(key);
    return typeof value === 'string' ? parsed(value) : value;
  }

  /** A whole number where the key has one, or else what is given. */
  integer(key: string, otherwise: number): number {
    const value = this.#typed(key);
    return isCount(value) ? value : otherwise;
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.#typed(key);
    return typeof value === 'boolean' ? value : otherwise;
  }

  /** A whole number is percent; an object is a fraction with a denominator of its own. */
  fraction(key: string, otherwise: Fraction): Fraction {
    const value = this.#typed(key);
    if (isCount(value)) return { numerator: value, denominator: HUNDRED };
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return otherwise;
    const { numerator, denominator } = value;
    if (typeof numerator !== 'number') return otherwise;
    return {
      numerator,
      denominator: DENOMINATORS[typeof denominator === 'string' ? denominator : 'HUNDRED'] ?? HUNDRED,
    };
  }

  /** Whether the ticket falls into the share: `featureEnabled`. */
  isEnabled(key: string, otherwise: Fraction, ticket: number): boolean {
    const { numerator, denominator } = this.fraction(key, otherwise);
    return ticket % denominator < numerator;
  }

  /** `/runtime`: of each key its value in each layer, and the one that counts. */
  dump(): JsonObject {
    const layers = this.#layers;
    const entries = this.#keys().map((key): [string, JsonObject] => [
      key,
      { layer_values: layers.map(({ values }) => shown(values.get(key))), final_value: shown(this.get(key)) },
    ]);
    return { layers: layers.map(({ name }) => name), entries: Object.fromEntries(entries) };
  }

  /** False where there is no layer to write to. An empty value takes the key away. */
  modify(values: ReadonlyMap<string, string>): boolean {
    if (!this.#admin) return false;
    const changed = new Map(this.#admin.values);
    for (const [key, value] of values) {
      if (value === '') changed.delete(key);
      else changed.set(key, value);
    }
    this.#admin.values = changed;
    this.#loaded();
    return true;
  }
}

/** Only whole numbers are shares or sizes: parseEntryUintValue. */
const isCount = (value: Json | undefined): value is number => Number.isInteger(value) && (value as number) >= 0;

const shown = (value: Json | undefined): string =>
  value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** `{a: {b: 1}}` is the key `a.b`; a fraction stays whole. */
function flattened(value: JsonObject, prefix = ''): [string, Json][] {
  return Object.entries(value).flatMap(([key, child]): [string, Json][] => {
    const isObject = typeof child === 'object' && child !== null && !Array.isArray(child);
    return isObject && !('numerator' in child) ? flattened(child, `${prefix}${key}.`) : [[prefix + key, child]];
  });
}

function parsed(text: string): Json {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
