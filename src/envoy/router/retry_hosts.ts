import type { ConfigNode } from '../config_node.ts';
import { valueAt } from '../matching/metadata_matcher.ts';
import type { Host } from '../upstream/host.ts';
import type { JsonObject } from '#api';

/** What a retry asks of the choice of its host. */
export interface RetryChoice {
  /** A host that is chosen again in vain; after so many choices it is taken all the same. */
  readonly rejects: (host: Host) => boolean;
  readonly maxChoices: number;
  /** Priorities to leave out, where another is left. */
  readonly excludedPriorities: ReadonlySet<number>;
}

type Predicate = (host: Host, attempted: readonly Host[]) => boolean;

const NONE: ReadonlySet<number> = new Set();
const DEFAULT_MAX_CHOICES = 1;

const PREDICATES: Readonly<Record<string, (config: ConfigNode) => Predicate>> = {
  PreviousHostsPredicate: () => (host, attempted) => attempted.some((one) => one.address === host.address),
  OmitCanaryHostsPredicate: () => (host) => host.isCanary,
  OmitHostMetadataConfig: (config) => {
    const wanted = config.child('metadata_match')?.child('filter_metadata')?.child('envoy.lb')?.value ?? {};
    const pairs = Object.entries(wanted);
    return ({ metadata }) =>
      pairs.length > 0 &&
      pairs.every(([key, value]) => JSON.stringify(valueAt(metadata as JsonObject, [key])) === JSON.stringify(value));
  },
};

/** Which hosts and priorities the next tries avoid: `retry_host_predicate` and `retry_priority` of a retry policy. */
export class RetryHosts {
  readonly #predicates: readonly Predicate[];
  readonly #maxChoices: number;
  /** After so many tries the priorities tried so far are left out; undefined without `previous_priorities`. */
  readonly #updateFrequency: number | undefined;
  readonly #attempted: Host[] = [];
  #excluded: ReadonlySet<number> = NONE;

  constructor(policy: ConfigNode | undefined) {
    this.#predicates = (policy?.list('retry_host_predicate') ?? []).flatMap((one) => {
      const config = one.child('typed_config');
      const compile = PREDICATES[config?.text('@type')?.split('.').at(-1) ?? ''];
      return config && compile ? [compile(config)] : [];
    });
    this.#maxChoices = policy?.number('host_selection_retry_max_attempts') ?? DEFAULT_MAX_CHOICES;
    this.#updateFrequency = policy?.child('retry_priority')?.child('typed_config')?.number('update_frequency');
  }

  /** Undefined for the first try, which avoids nothing. */
  get choice(): RetryChoice | undefined {
    if (this.#attempted.length === 0) return undefined;
    return {
      rejects: (host) => this.#predicates.some((one) => one(host, this.#attempted)),
      maxChoices: this.#predicates.length === 0 ? 0 : this.#maxChoices,
      excludedPriorities: this.#excluded,
    };
  }

  attempted(host: Host): void {
    this.#attempted.push(host);
    const frequency = this.#updateFrequency;
    if (frequency !== undefined && frequency > 0 && this.#attempted.length % frequency === 0)
      this.#excluded = new Set(this.#attempted.map((one) => one.priority));
  }
}

/** What a request without a retry policy has. */
export const NO_RETRY_HOSTS: Pick<RetryHosts, 'choice' | 'attempted'> = {
  choice: undefined,
  attempted: () => undefined,
};
