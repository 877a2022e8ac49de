import type { ConfigNode } from '../config_node.ts';
import { InitTarget } from '../init_manager.ts';
import type { UpdateOutcome } from './cds_api.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionFactory } from './subscription_factory.ts';

/** A listener that was refused, as `/config_dump` tells of it. */
export interface ListenerFailure {
  readonly node: ConfigNode;
  readonly details: string;
}

/** Where listeners go: the listener manager. */
export interface ListenerUpdates {
  addOrUpdateListener(resource: DecodedResource): UpdateOutcome;
  removeListener(name: string): boolean;
  /** Active and warming. */
  listenerNames(): readonly string[];
  onUpdateEnd(failures: readonly ListenerFailure[]): void;
  /** No routes or secrets are asked for until the returned function is called. */
  pauseRoutes(): () => void;
}

/** Listeners over xDS: lds_api.cc. A listener that is refused does not keep out the others. */
export class LdsApi implements SubscriptionCallbacks {
  readonly initTarget: InitTarget;
  readonly #listeners: ListenerUpdates;
  readonly #subscription: Subscription;
  /** The version of the last response that changed anything. */
  version = '';

  constructor(source: ConfigNode, listeners: ListenerUpdates, factory: SubscriptionFactory) {
    this.#listeners = listeners;
    this.#subscription = factory.create(source, 'lds', 'listener_manager.lds.', this);
    this.initTarget = new InitTarget('target LDS', () => this.#subscription.start([]));
  }

  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined {
    const names = new Set(resources.map((one) => one.name));
    const missing = this.#listeners.listenerNames().filter((name) => !names.has(name));
    return this.onDeltaUpdate(resources, missing, version);
  }

  /** Removals come first: a new listener may take the address of one that goes. */
  onDeltaUpdate(added: readonly DecodedResource[], removed: readonly string[], version: string): string | undefined {
    const resume = this.#listeners.pauseRoutes();
    const removals = removed.filter((name) => this.#listeners.removeListener(name)).length;
    const failures: ListenerFailure[] = [];
    const seen = new Set<string>();
    let applied = 0;
    for (const resource of added) {
      const outcome = seen.has(resource.name)
        ? { refused: `duplicate listener ${resource.name} found` }
        : this.#listeners.addOrUpdateListener(resource);
      seen.add(resource.name);
      if (outcome === 'applied') applied++;
      else if (outcome !== 'unchanged') failures.push({ node: resource.node, details: outcome.refused });
    }
    this.#listeners.onUpdateEnd(failures);
    if (applied + removals > 0) this.version = version;
    this.initTarget.ready();
    resume();
    if (failures.length === 0) return undefined;
    const told = failures.map(({ node, details }) => `${node.text('name') ?? ''}: ${details}`);
    return `Error adding/updating listener(s) ${told.join(', ')}`;
  }

  onConfigUpdateFailed(): void {
    this.initTarget.ready();
  }
}
