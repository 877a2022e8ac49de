import { SIMULATION_EPOCH_MS, type Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { InitManager, InitTarget } from '../init_manager.ts';
import type { RouteConfigProvider } from '../router/route_config_provider.ts';
import { keyOfScope } from '../router/scope_key.ts';
import { Scopes, type Scope } from '../router/scopes.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Pauses } from '../upstream/cluster_warming.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionFactory } from './subscription_factory.ts';

const GAUGES = ['active_scopes', 'all_scopes', 'on_demand_scopes'] as const;

interface Services {
  readonly factory: SubscriptionFactory;
  readonly stats: StatsStore;
  readonly dispatcher: Dispatcher;
  readonly pauses: Pauses;
  /** `http.PREFIX.` */
  readonly statPrefix: string;
  readonly initManager: InitManager;
}

/** Where the tables of scopes come from. */
interface Tables {
  inline(node: ConfigNode | undefined): RouteConfigProvider;
  overRds(
    place: { readonly name: string; readonly source: ConfigNode },
    statPrefix: string,
    initManager: InitManager,
  ): RouteConfigProvider;
}

interface Held extends Scope {
  readonly routes: RouteConfigProvider;
}

/** The scopes of one connection manager, from its own lines or over SRDS: router/scoped_rds.cc. */
export class ScopedRoutes implements SubscriptionCallbacks {
  readonly name: string;
  readonly scopes: Scopes;
  /** Over SRDS, and not from the configuration of the connection manager. */
  readonly isDynamic: boolean;
  version = '';
  updatedMs: number;
  #held = new Map<string, Held>();
  readonly #node: ConfigNode;
  readonly #tables: Tables;
  readonly #services: Services;
  readonly #prefix: string;
  readonly #subscription: Subscription | undefined;
  readonly #initTarget: InitTarget | undefined;

  constructor(node: ConfigNode, tables: Tables, services: Services) {
    this.#node = node;
    this.#tables = tables;
    this.#services = services;
    this.name = node.text('name') ?? '';
    this.scopes = new Scopes(node);
    this.updatedMs = services.dispatcher.nowMs;
    this.#prefix = `${services.statPrefix}scoped_rds.${this.name}.`;
    const scopedRds = node.child('scoped_rds');
    this.isDynamic = scopedRds !== undefined;
    if (!scopedRds) {
      const list = node.child('scoped_route_configurations_list')?.list('scoped_route_configurations') ?? [];
      this.#hold(list.map((one) => this.#scopeOf(one.text('name') ?? '', one, services.initManager)));
      return;
    }
    services.stats.declare(...['config_reload', 'update_empty'].map((name) => this.#prefix + name));
    for (const name of [...GAUGES, 'config_reload_time_ms']) services.stats.set(this.#prefix + name, 0);
    const source = scopedRds.child('scoped_rds_config_source')!;
    const subscription = services.factory.create(source, 'srds', this.#prefix, this);
    this.#subscription = subscription;
    this.#initTarget = new InitTarget(`target ScopedRdsConfigSubscription SRDS init ${this.name}`, () =>
      subscription.start([]),
    );
    services.initManager.add(this.#initTarget);
  }

  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined {
    const names = new Set(resources.map((one) => one.name));
    return this.onDeltaUpdate(
      resources,
      [...this.#held.keys()].filter((name) => !names.has(name)),
      version,
    );
  }

  onDeltaUpdate(added: readonly DecodedResource[], removed: readonly string[], version: string): string | undefined {
    const gone = new Set(removed);
    const stays = [...this.#held.values()].filter(
      ({ name }) => !gone.has(name) && !added.some((one) => one.name === name),
    );
    const refusal = added.find(({ problem }) => problem !== undefined)?.problem ?? conflictOf(stays, added);
    if (refusal !== undefined) return refusal;
    const resume = this.#services.pauses.pause(['rds']);
    // Tables that come after the start are asked for all the same, and nobody waits for them.
    const { initManager } = this.#services;
    const late = initManager.isInitialized ? new InitManager() : undefined;
    const taken = added.map((one) => this.#take(one, late ?? initManager));
    late?.initialize(() => undefined);
    // Tables of scopes that went are kept until here: a scope that came may use them.
    for (const name of gone) this.#held.get(name)?.routes.release();
    this.#hold([...stays, ...taken]);
    this.#count(version);
    resume();
    this.#initTarget?.ready();
    return undefined;
  }

  /** A scope that changes gives up its table at once, whether or not a later one asks for it again. */
  #take({ name, node }: DecodedResource, initManager: InitManager): Held {
    const known = this.#held.get(name);
    if (known && JSON.stringify(known.node.value) === JSON.stringify(node.value)) return known;
    const scope = this.#scopeOf(name, node, initManager);
    known?.routes.release();
    return scope;
  }

  onConfigUpdateFailed(): void {
    this.#initTarget?.ready();
  }

  release(): void {
    this.#subscription?.stop();
    for (const scope of this.#held.values()) scope.routes.release();
  }

  #hold(scopes: readonly Held[]): void {
    this.#held = new Map(scopes.map((scope) => [scope.name, scope]));
    this.scopes.set(scopes);
  }

  #scopeOf(name: string, node: ConfigNode, initManager: InitManager): Held {
    return { name, node, routes: this.#tableOf(node, initManager) };
  }

  /** One on demand is asked for by a filter that is not simulated: until then it has no routes. */
  #tableOf(node: ConfigNode, initManager: InitManager): RouteConfigProvider {
    const name = node.text('route_configuration_name');
    const source = this.#node.child('rds_config_source');
    if (name === undefined || !source) return this.#tables.inline(node.child('route_configuration'));
    if (node.flag('on_demand')) return this.#tables.inline(undefined);
    return this.#tables.overRds({ name, source }, this.#services.statPrefix, initManager);
  }

  #count(version: string): void {
    const { stats, dispatcher } = this.#services;
    this.version = version;
    this.updatedMs = dispatcher.nowMs;
    const all = this.#held.size;
    const onDemand = [...this.#held.values()].filter(({ node }) => node.flag('on_demand')).length;
    stats.add(`${this.#prefix}config_reload`);
    stats.set(`${this.#prefix}config_reload_time_ms`, SIMULATION_EPOCH_MS + dispatcher.nowMs);
    stats.set(`${this.#prefix}all_scopes`, all);
    stats.set(`${this.#prefix}active_scopes`, all - onDemand);
    stats.set(`${this.#prefix}on_demand_scopes`, onDemand);
  }
}

/** Two scopes of one key would leave it open where a request belongs. */
function conflictOf(stays: readonly Scope[], added: readonly DecodedResource[]): string | undefined {
  const names = new Map(stays.map(({ node, name }) => [keyOfScope(node), name]));
  for (const { name, node } of added) {
    const key = keyOfScope(node);
    const first = names.get(key);
    if (first !== undefined) return `scope key conflict found, first scope is '${first}', second scope is '${name}'`;
    names.set(key, name);
  }
  return undefined;
}
