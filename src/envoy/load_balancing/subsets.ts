import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { Host } from '../upstream/host.ts';

type Fallback = 'NO_FALLBACK' | 'ANY_ENDPOINT' | 'DEFAULT_SUBSET' | 'KEYS_SUBSET';

interface Selector {
  readonly keys: readonly string[];
  readonly fallback: Fallback | undefined;
  readonly fallbackKeys: readonly string[];
}

/** The hosts that a question for a subset leads to. */
export interface SubsetChoice {
  readonly hosts: readonly Host[];
  /** What is counted: a fallback of a selector's own is not. */
  readonly outcome: 'selected' | 'fallback' | 'own_fallback';
}

const FALLBACK_LIST = 'fallback_list';

/** `lb_subset_config`: the hosts whose metadata has what the route asks for (subset_lb.cc). */
export class Subsets {
  readonly #selectors: readonly Selector[];
  readonly #fallback: Fallback;
  readonly #defaultSubset: JsonObject;
  readonly #listAsAny: boolean;
  readonly #allowsRedundantKeys: boolean;
  readonly #hasFallbackLists: boolean;
  /** Where a fallback has no host, any will do. */
  readonly panicsToAny: boolean;
  /** Localities keep their weights within a subset, scaled by how much of each is in it where that is asked for. */
  readonly localityWeights: 'none' | 'whole' | 'scaled';

  constructor(node: ConfigNode) {
    this.panicsToAny = node.flag('panic_mode_any');
    this.#listAsAny = node.flag('list_as_any');
    this.#allowsRedundantKeys = node.flag('allow_redundant_keys');
    this.#hasFallbackLists = node.text('metadata_fallback_policy') === 'FALLBACK_LIST';
    const isAware = node.flag('locality_weight_aware');
    this.localityWeights = !isAware ? 'none' : node.flag('scale_locality_weight') ? 'scaled' : 'whole';
    this.#selectors = node.list('subset_selectors').map((one) => ({
      keys: one.texts('keys').sort(),
      fallback: fallbackOf(one.text('fallback_policy')),
      fallbackKeys: one.texts('fallback_keys_subset').sort(),
    }));
    this.#fallback = (node.text('fallback_policy') as Fallback | undefined) ?? 'NO_FALLBACK';
    this.#defaultSubset = (node.raw('default_subset') as JsonObject | undefined) ?? {};
  }

  /** How many different subsets the hosts make, over all selectors. */
  count(hosts: readonly Host[]): number {
    const found = new Set<string>();
    for (const { keys } of this.#selectors)
      for (const { metadata } of hosts)
        if (keys.every((key) => metadata[key] !== undefined))
          for (const values of this.#combined(keys.map((key) => metadata[key]!)))
            found.add(JSON.stringify(keys.map((key, i) => [key, values[i]])));
    return found.size;
  }

  /** With `list_as_any` a host is in the subset of every value of a list. */
  #combined(values: readonly Json[]): Json[][] {
    const each = values.map((value) => (this.#listAsAny && Array.isArray(value) ? value : [value]));
    return each.reduce<Json[][]>((sets, options) => sets.flatMap((set) => options.map((one) => [...set, one])), [[]]);
  }

  /** What is asked for, one after the other until a host is found: with `FALLBACK_LIST` a route may name several. */
  questionsOf(wanted: JsonObject | undefined): readonly (JsonObject | undefined)[] {
    const list = this.#hasFallbackLists ? wanted?.[FALLBACK_LIST] : undefined;
    if (!wanted || !Array.isArray(list)) return [wanted];
    const rest = Object.fromEntries(Object.entries(wanted).filter(([key]) => key !== FALLBACK_LIST));
    return list.length === 0 ? [rest] : list.map((one) => ({ ...rest, ...(one as JsonObject) }));
  }

  /** Undefined where there is neither a subset nor a fallback. */
  choose(hosts: readonly Host[], wanted: JsonObject | undefined): SubsetChoice | undefined {
    const criteria = this.#withoutRedundant(wanted ?? {});
    const keys = Object.keys(criteria).sort().join('\n');
    const selector = keys === '' ? undefined : this.#selectors.find((one) => one.keys.join('\n') === keys);
    if (selector) {
      const subset = this.#matching(hosts, criteria);
      if (subset.length > 0) return { hosts: subset, outcome: 'selected' };
      if (selector.fallback === 'KEYS_SUBSET') return this.choose(hosts, only(criteria, selector.fallbackKeys));
      if (selector.fallback !== undefined) return this.#fallBack(hosts, selector.fallback, 'own_fallback');
    }
    return this.#fallBack(hosts, this.#fallback, 'fallback');
  }

  /** The criteria of the first selector that they cover. */
  #withoutRedundant(criteria: JsonObject): JsonObject {
    if (!this.#allowsRedundantKeys) return criteria;
    const selector = this.#selectors.find(({ keys }) => keys.every((key) => key in criteria));
    return selector ? only(criteria, selector.keys) : criteria;
  }

  #fallBack(hosts: readonly Host[], policy: Fallback, outcome: SubsetChoice['outcome']): SubsetChoice | undefined {
    if (policy === 'ANY_ENDPOINT') return { hosts, outcome };
    if (policy === 'DEFAULT_SUBSET') return { hosts: this.#matching(hosts, this.#defaultSubset), outcome };
    return undefined;
  }

  #matching(hosts: readonly Host[], criteria: JsonObject): Host[] {
    const wanted = Object.entries(criteria);
    return hosts.filter(({ metadata }) => wanted.every(([key, value]) => this.#fits(metadata[key], value)));
  }

  #fits(given: Json | undefined, wanted: Json): boolean {
    if (this.#listAsAny && Array.isArray(given)) return given.some((one) => isSame(one, wanted));
    return isSame(given, wanted);
  }
}

const only = (criteria: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(keys.flatMap((key) => (key in criteria ? [[key, criteria[key]!] as const] : [])));

const fallbackOf = (text: string | undefined): Fallback | undefined =>
  text === undefined || text === 'NOT_DEFINED' ? undefined : (text as Fallback);

const isSame = (a: Json | undefined, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);
