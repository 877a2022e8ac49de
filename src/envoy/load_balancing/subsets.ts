import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { Host } from '../upstream/host.ts';

type Fallback = 'NO_FALLBACK' | 'ANY_ENDPOINT' | 'DEFAULT_SUBSET' | 'KEYS_SUBSET';

interface Selector {
  readonly keys: readonly string[];
  readonly fallback: Fallback | undefined;
  readonly fallbackKeys: readonly string[];
}

/** What became of the question for a subset, for the counters and the trace. */
export interface SubsetChoice {
  readonly hosts: readonly Host[];
  readonly outcome: 'selected' | 'fallback' | 'none';
}

/** `lb_subset_config`: the hosts whose metadata has what the route asks for (subset_lb.cc). */
export class Subsets {
  readonly #selectors: readonly Selector[];
  readonly #fallback: Fallback;
  readonly #defaultSubset: JsonObject;
  /** Where neither subset nor fallback has a host, any will do. */
  readonly panicsToAny: boolean;

  constructor(node: ConfigNode) {
    this.panicsToAny = node.flag('panic_mode_any');
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
          found.add(JSON.stringify(keys.map((key) => [key, metadata[key]])));
    return found.size;
  }

  choose(hosts: readonly Host[], wanted: JsonObject | undefined): SubsetChoice {
    const criteria = wanted ?? {};
    const keys = Object.keys(criteria).sort();
    const selector = this.#selectors.find((one) => one.keys.join('\n') === keys.join('\n'));
    if (selector && keys.length > 0) {
      const subset = matching(hosts, criteria);
      if (subset.length > 0) return { hosts: subset, outcome: 'selected' };
    }
    return this.#fallBack(hosts, criteria, selector);
  }

  #fallBack(hosts: readonly Host[], criteria: JsonObject, selector: Selector | undefined): SubsetChoice {
    const policy = selector?.fallback ?? this.#fallback;
    // A fallback of the selector's own is not counted: subset_lb.cc, chooseHostForSelectorFallbackPolicy.
    const outcome = selector?.fallback === undefined ? 'fallback' : 'none';
    if (policy === 'ANY_ENDPOINT') return { hosts, outcome };
    if (policy === 'DEFAULT_SUBSET') return { hosts: matching(hosts, this.#defaultSubset), outcome };
    if (policy === 'KEYS_SUBSET' && selector) {
      return this.choose(
        hosts,
        Object.fromEntries(
          selector.fallbackKeys.flatMap((key) => (key in criteria ? [[key, criteria[key]!] as const] : [])),
        ),
      );
    }
    return { hosts: [], outcome: 'none' };
  }
}

const fallbackOf = (text: string | undefined): Fallback | undefined =>
  text === undefined || text === 'NOT_DEFINED' ? undefined : (text as Fallback);

const matching = (hosts: readonly Host[], criteria: JsonObject): Host[] =>
  hosts.filter((host) => Object.entries(criteria).every(([key, value]) => isSame(host.metadata[key], value)));

const isSame = (a: Json | undefined, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);
