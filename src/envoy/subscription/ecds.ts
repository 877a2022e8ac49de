import type { Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { ExtensionConfigProvider, ExtensionConfigs } from '../http/extension_config.ts';
import { InitTarget, type InitManager } from '../init_manager.ts';
import type { StatsStore } from '../stats/store.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionFactory } from './subscription_factory.ts';

const COUNTERS = ['config_conflict', 'config_fail', 'config_reload'] as const;

interface Services {
  readonly factory: SubscriptionFactory;
  readonly stats: StatsStore;
  readonly dispatcher: Dispatcher;
}

/** One configuration over ECDS, for all filters that ask for it: common/filter/config_discovery_impl.cc. */
class EcdsSubscription implements SubscriptionCallbacks {
  readonly name: string;
  readonly initTarget: InitTarget;
  /** What it was read from: a `TypedExtensionConfig`. */
  resource: ConfigNode | undefined;
  version = '';
  updatedMs = 0;
  /** The types that each of its filters takes. */
  readonly takers = new Set<ReadonlySet<string>>();
  readonly #services: Services;
  readonly #prefix: string;
  readonly #subscription: Subscription;

  constructor(name: string, source: ConfigNode, services: Services) {
    this.name = name;
    this.#services = services;
    this.#prefix = `extension_config_discovery.http_filter.${name}.`;
    services.stats.declare(...COUNTERS.map((one) => this.#prefix + one));
    this.#subscription = services.factory.create(source, 'ecds', this.#prefix, this);
    this.initTarget = new InitTarget(`target FilterConfigSubscription init ${name}`, () =>
      this.#subscription.start([name]),
    );
  }

  get config(): ConfigNode | undefined {
    return this.resource?.child('typed_config');
  }

  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined {
    const refusal = this.#refusalOf(resources);
    if (refusal !== undefined) return refusal;
    this.#set(resources[0]!.node, version);
    return undefined;
  }

  #refusalOf(resources: readonly DecodedResource[]): string | undefined {
    const [resource] = resources;
    if (!resource || resources.length > 1)
      return `Unexpected number of resources in ExtensionConfigDS response: ${resources.length}`;
    if (resource.name !== this.name)
      return `Unexpected resource name in ExtensionConfigDS response: expecting ${this.name}, got ${resource.name}`;
    const type = typeOf(resource.node.child('typed_config'));
    for (const types of this.takers)
      if (!types.has(type)) return `Error: filter config has type URL ${type} but expect ${[...types].join(', ')}.`;
    return resource.problem;
  }

  onDeltaUpdate(added: readonly DecodedResource[], removed: readonly string[], version: string): string | undefined {
    if (added.length > 0) return this.onConfigUpdate(added, version);
    if (removed.includes(this.name)) this.#set(undefined, version);
    return undefined;
  }

  /** The same again is no reload. */
  #set(resource: ConfigNode | undefined, version: string): void {
    this.version = version;
    if (JSON.stringify(resource?.value) !== JSON.stringify(this.resource?.value)) {
      this.resource = resource;
      this.updatedMs = this.#services.dispatcher.nowMs;
      this.#services.stats.add(`${this.#prefix}config_reload`);
    }
    this.initTarget.ready();
  }

  onConfigUpdateFailed(): void {
    this.#services.stats.add(`${this.#prefix}config_fail`);
    this.initTarget.ready();
  }

  stop(): void {
    this.#subscription.stop();
  }
}

/** The configurations of HTTP filters that come over ECDS. Filters that ask for the same share one subscription. */
export class ExtensionConfigProviders implements ExtensionConfigs {
  readonly #subscriptions = new Map<string, EcdsSubscription>();
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  providerOf(filter: ConfigNode, initManager: InitManager): ExtensionConfigProvider {
    const discovery = filter.child('config_discovery')!;
    const name = filter.text('name') ?? '';
    const source = discovery.child('config_source')!;
    const key = `${name} ${JSON.stringify(source.value)}`;
    const subscription = this.#subscriptions.get(key) ?? new EcdsSubscription(name, source, this.#services);
    this.#subscriptions.set(key, subscription);
    const types = new Set(discovery.texts('type_urls').map(shortType));
    subscription.takers.add(types);
    initManager.add(targetOf(discovery, subscription));
    const fallback = discovery.child('default_config');
    return {
      get current() {
        return subscription.config ?? fallback;
      },
      release: () => {
        subscription.takers.delete(types);
        if (subscription.takers.size > 0) return;
        this.#subscriptions.delete(key);
        subscription.stop();
      },
    };
  }

  /** For `/config_dump`; undefined where no filter asks for anything. */
  dumped(): readonly EcdsSubscription[] | undefined {
    return this.#subscriptions.size === 0
      ? undefined
      : [...this.#subscriptions.values()].filter(({ resource }) => resource !== undefined);
  }
}

/** A default that needs no warming is there at once: nobody waits for the subscription, which starts all the same. */
function targetOf(discovery: ConfigNode, subscription: EcdsSubscription): InitTarget {
  if (!discovery.flag('apply_default_config_without_warming')) return subscription.initTarget;
  const target = new InitTarget(`${subscription.initTarget.name} without warming`, () => {
    subscription.initTarget.initialize(() => undefined);
    target.ready();
  });
  return target;
}

const shortType = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
const typeOf = (config: ConfigNode | undefined): string => shortType(config?.text('@type') ?? '');
