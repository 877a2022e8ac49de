import type { Json, JsonObject } from '#api';
import { at } from '#source';
import { ConfigNode } from '../config_node.ts';
import { InitTarget, type InitManager } from '../init_manager.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionFactory } from './subscription_factory.ts';

/** A secret as it is now, as `/config_dump` tells of it. */
export interface ListedSecret {
  readonly name: string;
  readonly node: ConfigNode | undefined;
  readonly version: string;
  readonly createdMs: number;
}

/** One secret over SDS: sds_api.cc. */
class SecretSubscription implements SubscriptionCallbacks {
  readonly name: string;
  readonly initTarget: InitTarget;
  users = 0;
  node: ConfigNode | undefined;
  version = '';
  createdMs: number;
  readonly #nowMs: () => number;
  readonly #subscription: Subscription;

  constructor(name: string, source: ConfigNode, factory: SubscriptionFactory, nowMs: () => number) {
    this.name = name;
    this.#nowMs = nowMs;
    this.createdMs = nowMs();
    this.#subscription = factory.create(source, 'sds', `sds.${name}.`, this);
    this.initTarget = new InitTarget(`target SdsApi ${name}`, () => this.#subscription.start([name]));
  }

  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined {
    const [secret] = resources;
    if (!secret) return `Missing SDS resources for ${this.name} in onConfigUpdate()`;
    if (resources.length > 1) return `Unexpected SDS secrets length: ${resources.length}`;
    if (secret.name !== this.name) return `Unexpected SDS secret (expecting ${this.name}): ${secret.name}`;
    if (secret.problem !== undefined) return secret.problem;
    this.node = secret.node;
    this.version = version;
    this.createdMs = this.#nowMs();
    this.initTarget.ready();
    return undefined;
  }

  /** A secret that is taken away stays in use: only another takes its place. */
  onDeltaUpdate(added: readonly DecodedResource[], _removed: readonly string[], version: string): string | undefined {
    return added.length === 0 ? undefined : this.onConfigUpdate(added, version);
  }

  onConfigUpdateFailed(): void {
    this.initTarget.ready();
  }

  stop(): void {
    this.#subscription.stop();
  }
}

/** The secrets of all TLS contexts, static and over SDS: secret_manager_impl.cc. */
export class SecretManager {
  readonly #static: readonly ConfigNode[];
  readonly #subscriptions = new Map<string, SecretSubscription>();
  readonly #factory: SubscriptionFactory;
  readonly #nowMs: () => number;

  constructor(fixed: readonly ConfigNode[], factory: SubscriptionFactory, nowMs: () => number) {
    this.#static = fixed;
    this.#factory = factory;
    this.#nowMs = nowMs;
  }

  /** A secret by its name; undefined while it has not come. */
  get(name: string): ConfigNode | undefined {
    for (const one of this.#subscriptions.values()) if (one.name === name) return one.node;
    return this.#static.find((one) => one.text('name') === name);
  }

  /** Subscribes to what a listener or cluster names; who makes it waits for it. Returns what gives it up. */
  watch(owner: ConfigNode, initManager: InitManager): () => void {
    const watched = sdsConfigsIn(owner).map((config) => this.#subscribe(config));
    for (const one of watched) initManager.add(one.initTarget);
    return () => {
      for (const one of watched) this.#release(one);
    };
  }

  /** Two that ask for the same share one subscription. */
  #subscribe(config: ConfigNode): SecretSubscription {
    const key = JSON.stringify(config.value);
    const name = config.text('name') ?? '';
    const subscription =
      this.#subscriptions.get(key) ??
      new SecretSubscription(name, config.child('sds_config')!, this.#factory, this.#nowMs);
    this.#subscriptions.set(key, subscription);
    subscription.users++;
    return subscription;
  }

  #release(subscription: SecretSubscription): void {
    subscription.users--;
    if (subscription.users > 0) return;
    subscription.stop();
    for (const [key, one] of this.#subscriptions) if (one === subscription) this.#subscriptions.delete(key);
  }

  static(): ListedSecret[] {
    return this.#static.map((node) => ({ name: node.text('name') ?? '', node, version: '', createdMs: 0 }));
  }

  dynamic(): ListedSecret[] {
    return [...this.#subscriptions.values()];
  }
}

/** Every `SdsSecretConfig` inside a message that names a source. */
function sdsConfigsIn(node: ConfigNode): ConfigNode[] {
  const found: ConfigNode[] = [];
  const visit = (value: Json, path: readonly (string | number)[]): void => {
    if (Array.isArray(value)) return value.forEach((one, i) => visit(one, [...path, i]));
    if (typeof value !== 'object' || value === null) return;
    if (isSdsConfig(value)) found.push(new ConfigNode(value, at(node.ref, ...path)));
    else for (const [key, one] of Object.entries(value)) visit(one, [...path, key]);
  };
  visit(node.value, []);
  return found;
}

const isSdsConfig = (value: JsonObject): boolean =>
  typeof value['sdsConfig'] === 'object' && typeof value['name'] === 'string';
