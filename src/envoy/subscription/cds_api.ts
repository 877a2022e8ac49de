import { SIMULATION_EPOCH_MS, type Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionFactory } from './subscription_factory.ts';
import type { StatsStore } from '../stats/store.ts';

/** What an update made of a resource: nothing new, taken, or the reason why it was refused. */
export type UpdateOutcome = 'unchanged' | 'applied' | { readonly refused: string };

/** Where clusters go: the cluster manager. */
export interface ClusterUpdates {
  addOrUpdateCluster(resource: DecodedResource): UpdateOutcome;
  removeCluster(name: string): boolean;
  /** Active and warming. */
  clusterNames(): readonly string[];
  /** No endpoints are asked for until the returned function is called. */
  pauseEndpoints(): () => void;
}

/** Clusters over xDS: cds_api_impl.cc and cds_api_helper.cc. A cluster that is refused does not keep out the others. */
export class CdsApi implements SubscriptionCallbacks {
  readonly #clusters: ClusterUpdates;
  readonly #stats: StatsStore;
  readonly #dispatcher: Dispatcher;
  readonly #subscription: Subscription;
  #onInitialized: (() => void) | undefined;
  /** The version of the last response that changed anything. */
  version = '';

  constructor(
    source: ConfigNode,
    clusters: ClusterUpdates,
    owner: { factory: SubscriptionFactory; stats: StatsStore; dispatcher: Dispatcher },
  ) {
    this.#clusters = clusters;
    this.#stats = owner.stats;
    this.#dispatcher = owner.dispatcher;
    this.#subscription = owner.factory.create(source, 'cds', 'cluster_manager.cds.', this);
    owner.stats.declare('cluster_manager.cds.config_reload');
  }

  /** Calls back after the first update, taken or refused, or when none has come in time. */
  initialize(onInitialized: () => void): void {
    this.#onInitialized = onInitialized;
    this.#subscription.start([]);
  }

  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined {
    const names = new Set(resources.map((one) => one.name));
    const missing = this.#clusters.clusterNames().filter((name) => !names.has(name));
    return this.onDeltaUpdate(resources, missing, version);
  }

  onDeltaUpdate(added: readonly DecodedResource[], removed: readonly string[], version: string): string | undefined {
    const resume = this.#clusters.pauseEndpoints();
    const refusals: string[] = [];
    const seen = new Set<string>();
    let applied = 0;
    for (const resource of added) {
      const outcome = seen.has(resource.name)
        ? { refused: `duplicate cluster ${resource.name} found` }
        : this.#clusters.addOrUpdateCluster(resource);
      seen.add(resource.name);
      if (outcome === 'applied') applied++;
      else if (outcome !== 'unchanged') refusals.push(`${resource.name}: ${outcome.refused}`);
    }
    const removals = removed.filter((name) => this.#clusters.removeCluster(name)).length;
    if (applied > 0 && refusals.length === 0) this.#countReload();
    if (applied + removals > 0) this.version = version;
    resume();
    this.#initialized();
    return refusals.length === 0 ? undefined : `Error adding/updating cluster(s) ${refusals.join(', ')}`;
  }

  #countReload(): void {
    this.#stats.add('cluster_manager.cds.config_reload');
    this.#stats.set('cluster_manager.cds.config_reload_time_ms', SIMULATION_EPOCH_MS + this.#dispatcher.nowMs);
  }

  onConfigUpdateFailed(): void {
    this.#initialized();
  }

  #initialized(): void {
    const onInitialized = this.#onInitialized;
    this.#onInitialized = undefined;
    onInitialized?.();
  }
}
