import { SIMULATION_EPOCH_MS, type Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { InitTarget, type InitManager } from '../init_manager.ts';
import { RouteConfig, type RouteConfigServices } from '../router/route_config.ts';
import type { RouteConfigProvider, RouteConfigs } from '../router/route_config_provider.ts';
import type { Pauses } from '../upstream/cluster_warming.ts';
import { ScopedRoutes } from './scoped_routes.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionFactory } from './subscription_factory.ts';

interface RdsServices extends RouteConfigServices {
  readonly factory: SubscriptionFactory;
  readonly dispatcher: Dispatcher;
  readonly pauses: Pauses;
}

/** What is asked for, and of whom. */
interface RdsPlace {
  readonly name: string;
  readonly source: ConfigNode;
}

/** One route configuration over RDS: rds_route_config_subscription.cc. */
class RdsSubscription implements SubscriptionCallbacks {
  current: RouteConfig | undefined;
  version = '';
  readonly name: string;
  readonly initTarget: InitTarget;
  users = 0;
  /** Of its statistics. */
  readonly prefix: string;
  readonly #services: RdsServices;
  readonly #subscription: Subscription;

  constructor({ name, source }: RdsPlace, statPrefix: string, services: RdsServices) {
    this.name = name;
    this.prefix = `${statPrefix}rds.${this.name}.`;
    this.#services = services;
    services.stats.declare(...['config_reload', 'update_empty'].map((name) => this.prefix + name));
    this.#subscription = services.factory.create(source, 'rds', this.prefix, this);
    this.initTarget = new InitTarget(`shared target RdsRouteConfigSubscription RDS init ${this.name}`, () =>
      this.#subscription.start([this.name]),
    );
  }

  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined {
    const [resource] = resources;
    if (!resource) {
      this.#services.stats.add(`${this.prefix}update_empty`);
      this.initTarget.ready();
      return undefined;
    }
    if (resources.length > 1) return `Unexpected RDS resource length: ${resources.length}`;
    if (resource.name !== this.name) return `Unexpected RDS configuration (expecting ${this.name}): ${resource.name}`;
    const refusal = this.#take(resource, version);
    if (refusal === undefined) this.initTarget.ready();
    return refusal;
  }

  /** The same configuration again changes nothing, and counts as nothing. */
  #take({ node, problem }: DecodedResource, version: string): string | undefined {
    if (this.current && JSON.stringify(this.current.node.value) === JSON.stringify(node.value)) return undefined;
    if (problem !== undefined) return problem;
    this.current = new RouteConfig(node, this.#services, this.#services.dispatcher.nowMs);
    this.version = version;
    this.#services.stats.add(`${this.prefix}config_reload`);
    this.#services.stats.set(
      `${this.prefix}config_reload_time_ms`,
      SIMULATION_EPOCH_MS + this.#services.dispatcher.nowMs,
    );
    return undefined;
  }

  /** Routes are not taken away: a removal is noted by Envoy and passed over. */
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

/** The route configurations of all connection managers. Two that ask for the same over RDS share one subscription. */
export class RouteConfigProviders implements RouteConfigs {
  readonly #subscriptions = new Map<string, RdsSubscription>();
  readonly #inline = new Set<RouteConfig>();
  readonly #scopedRoutes = new Set<ScopedRoutes>();
  readonly #services: RdsServices;

  constructor(services: RdsServices) {
    this.#services = services;
  }

  providerOf(manager: ConfigNode, statPrefix: string, initManager: InitManager): RouteConfigProvider {
    const rds = manager.child('rds');
    if (rds)
      return this.overRds(
        { name: rds.text('route_config_name') ?? '', source: rds.child('config_source')! },
        statPrefix,
        initManager,
      );
    const scoped = manager.child('scoped_routes');
    if (scoped) return this.#scoped(scoped, statPrefix, initManager);
    return this.inline(manager.child('route_config'));
  }

  inline(node: ConfigNode | undefined): RouteConfigProvider {
    const current = node && new RouteConfig(node, this.#services, this.#services.dispatcher.nowMs);
    if (current) this.#inline.add(current);
    return { current, release: () => void (current && this.#inline.delete(current)) };
  }

  #scoped(node: ConfigNode, statPrefix: string, initManager: InitManager): RouteConfigProvider {
    const scoped = new ScopedRoutes(node, this, { ...this.#services, statPrefix, initManager });
    this.#scopedRoutes.add(scoped);
    return {
      current: undefined,
      scopes: scoped.scopes,
      release: () => {
        this.#scopedRoutes.delete(scoped);
        scoped.release();
      },
    };
  }

  get scopedRoutes(): Iterable<ScopedRoutes> {
    return this.#scopedRoutes;
  }

  overRds(place: RdsPlace, statPrefix: string, initManager: InitManager): RouteConfigProvider {
    const key = `${place.name} ${JSON.stringify(place.source.value)}`;
    const subscription = this.#subscriptions.get(key) ?? new RdsSubscription(place, statPrefix, this.#services);
    this.#subscriptions.set(key, subscription);
    subscription.users++;
    initManager.add(subscription.initTarget);
    return {
      get current() {
        return subscription.current;
      },
      release: () => {
        subscription.users--;
        if (subscription.users > 0) return;
        this.#subscriptions.delete(key);
        subscription.stop();
        this.#forget(subscription.prefix);
      },
    };
  }

  /** What was counted goes with the subscription, once the threads have let go: one that takes its place meanwhile counts on. */
  #forget(prefix: string): void {
    const { dispatcher, stats } = this.#services;
    dispatcher.createTimer('rds_stats_released', 0, () => {
      if (![...this.#subscriptions.values()].some((one) => one.prefix === prefix)) stats.forget(prefix);
    });
  }

  staticRoutes(): RouteConfig[] {
    return [...this.#inline];
  }

  dynamicRoutes(): { readonly current: RouteConfig; readonly version: string }[] {
    return [...this.#subscriptions.values()].flatMap(({ current, version }) => (current ? [{ current, version }] : []));
  }
}
