import type { Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { InitManager } from '../init_manager.ts';
import type { StatsStore } from '../stats/store.ts';
import type { UpdateOutcome } from '../subscription/cds_api.ts';
import type { ListenerFailure, ListenerUpdates } from '../subscription/lds_api.ts';
import type { DecodedResource } from '../subscription/subscription.ts';
import type { SecretManager } from '../subscription/secrets.ts';
import type { Trace } from '../trace.ts';
import type { Pauses } from '../upstream/cluster_warming.ts';
import type { Listener } from './listener.ts';
import type { ListenerManager } from './listener_manager.ts';

interface WarmingServices {
  readonly listeners: ListenerManager;
  readonly dispatcher: Dispatcher;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly pauses: Pauses;
  /** What the proxy's own start waits for. */
  readonly initManager: InitManager;
  /** `--drain-time-s`. */
  readonly drainTimeMs: number;
  readonly secrets: SecretManager;
}

/** The listeners in all their states. */
export interface ListenerStates {
  readonly static: readonly Listener[];
  readonly dynamic: readonly {
    readonly name: string;
    readonly active: Listener | undefined;
    readonly warming: Listener | undefined;
    readonly draining: Listener | undefined;
    readonly failure: ListenerFailure | undefined;
  }[];
  readonly failures: readonly ListenerFailure[];
}

/**
 * Which listeners are there: the static ones, and others as LDS tells. Before the proxy has started none is bound; after
 * that a listener warms until all it needs has come, beside the one that it replaces: listener_manager_impl.cc.
 */
export class ListenerWarming implements ListenerUpdates {
  readonly #warming = new Map<string, Listener>();
  readonly #draining = new Set<Listener>();
  /** Of these only filter chains are drained: the listener itself goes on with others. */
  readonly #drainingInPlace = new Set<Listener>();
  /** Those that wait for the proxy's start. */
  readonly #unstarted = new Map<string, Listener>();
  readonly #versions = new Map<Listener, string>();
  /** Of the last update. */
  #failures: readonly ListenerFailure[] = [];
  /** Of each listener the last, until it is taken or removed. */
  readonly #failuresByName = new Map<string, ListenerFailure>();
  readonly #services: WarmingServices;
  readonly #waits = new WeakMap<Listener, InitManager>();
  /** What gives up the secrets of each. */
  readonly #secrets = new Map<Listener, () => void>();
  #hasStarted = false;

  constructor(services: WarmingServices) {
    this.#services = services;
  }

  addStatic(node: ConfigNode): void {
    const { stats, initManager } = this.#services;
    const listener = this.#create(node, initManager);
    stats.add('listener_manager.listener_added');
    this.#unstarted.set(
      this.#unstarted.has(listener.name) ? `${listener.name} ${this.#unstarted.size}` : listener.name,
      listener,
    );
    this.#countListeners();
  }

  #create(node: ConfigNode, initManager: InitManager): Listener {
    const listener = this.#services.listeners.create(node, initManager);
    this.#secrets.set(listener, this.#services.secrets.watch(node, initManager));
    return listener;
  }

  /** It gives up what it had subscribed to. */
  #release(listener: Listener): void {
    listener.release();
    this.#secrets.get(listener)?.();
    this.#secrets.delete(listener);
  }

  /** The workers start: what has been loaded is bound. */
  start(): void {
    this.#hasStarted = true;
    const ready = [...this.#unstarted.values()];
    this.#unstarted.clear();
    for (const listener of ready) this.#bind(listener);
    this.#countListeners();
  }

  listenerNames(): readonly string[] {
    return [...this.#all(), ...this.#warming.values()].map((one) => one.name);
  }

  #all(): Listener[] {
    return [...this.#unstarted.values(), ...this.#services.listeners.values()];
  }

  addOrUpdateListener({ node, version, problem }: DecodedResource): UpdateOutcome {
    const name = node.text('name') ?? '';
    const active = this.#all().find((one) => one.name === name);
    const latest = this.#warming.get(name) ?? active;
    if (latest && (!this.#versions.has(latest) || isSame(latest.node, node))) return 'unchanged';
    const refused = problem ?? this.#duplicateAddress(name, node);
    if (refused !== undefined) return this.#refuse(name, { node, details: refused });
    this.#failuresByName.delete(name);
    const initManager = this.#hasStarted ? new InitManager() : this.#services.initManager;
    const listener = this.#create(node, initManager);
    this.#versions.set(listener, version);
    this.#services.stats.add(`listener_manager.listener_${latest ? 'modified' : 'added'}`);
    if (this.#hasStarted && active && isOnlyChains(active.node, node)) this.#updateInPlace(listener, active);
    this.#replaceWarming(name, listener, active);
    this.#countListeners();
    if (this.#hasStarted) this.#warm(listener, initManager, latest !== undefined);
    return 'applied';
  }

  /** One that only changes its filter chains goes by the version that it had: ListenerImpl::newListenerWithFilterChain. */
  #updateInPlace(listener: Listener, active: Listener): void {
    this.#services.stats.add('listener_manager.listener_in_place_updated');
    const version = this.#versions.get(active);
    if (version !== undefined) this.#versions.set(listener, version);
  }

  /** A listener without an address is refused before its name is looked at. */
  #refuse(name: string, failure: ListenerFailure): UpdateOutcome {
    if (failure.node.has('address')) this.#failuresByName.set(name, failure);
    return { refused: failure.details };
  }

  #replaceWarming(name: string, listener: Listener, active: Listener | undefined): void {
    const replaced = this.#hasStarted ? this.#warming.get(name) : active;
    if (this.#hasStarted) this.#warming.set(name, listener);
    else this.#unstarted.set(name, listener);
    if (!replaced) return;
    this.#versions.delete(replaced);
    this.#release(replaced);
  }

  #warm(listener: Listener, initManager: InitManager, isUpdate: boolean): void {
    this.#services.trace?.record({
      kind: 'listener_warming',
      state: 'info',
      because: listener.node.ref,
      sentence: `The listener \`${listener.name}\` ${isUpdate ? 'changes' : 'is new'}: it warms until all that it needs has come.`,
    });
    this.#waits.set(listener, initManager);
    initManager.initialize(() => this.#activate(listener));
  }

  #activate(listener: Listener): void {
    if (this.#warming.get(listener.name) !== listener) return;
    this.#warming.delete(listener.name);
    const previous = this.#services.listeners.get(listener.name);
    const isInPlace = previous !== undefined && isOnlyChains(previous.node, listener.node);
    this.#bind(listener);
    if (previous) this.#drain(previous, isInPlace);
    this.#countListeners();
  }

  #bind(listener: Listener): void {
    const { listeners, stats, trace } = this.#services;
    listeners.addOrUpdate(listener);
    stats.add('listener_manager.listener_create_success');
    if (this.#versions.has(listener))
      trace?.record({
        kind: 'listener_active',
        state: 'matched',
        because: listener.node.ref,
        sentence: `The listener \`${listener.name}\` is active: it takes connections from now on.`,
      });
  }

  removeListener(name: string): boolean {
    this.#failuresByName.delete(name);
    const { listeners, stats, trace } = this.#services;
    const found = [this.#unstarted.get(name), listeners.get(name), this.#warming.get(name)].filter(
      (one) => one !== undefined && this.#versions.has(one),
    ) as Listener[];
    if (found.length === 0) return false;
    this.#unstarted.delete(name);
    this.#warming.delete(name);
    listeners.remove(name);
    for (const listener of found) this.#drain(listener);
    stats.add('listener_manager.listener_removed');
    trace?.record({
      kind: 'listener_removed',
      state: 'info',
      because: found[0]!.node.ref,
      sentence: `The listener \`${name}\` is gone: its address refuses new connections, and those that are open drain.`,
    });
    this.#countListeners();
    return true;
  }

  /** Connections that are open may end; then the listener gives up what it had subscribed to. */
  #drain(listener: Listener, isInPlace = false): void {
    listener.drain();
    if (isInPlace) this.#drainingInPlace.add(listener);
    else this.#draining.add(listener);
    this.#services.dispatcher.createTimer('drain_listener', this.#services.drainTimeMs, () => {
      this.#draining.delete(listener);
      this.#drainingInPlace.delete(listener);
      this.#versions.delete(listener);
      this.#release(listener);
      this.#countListeners();
    });
  }

  onUpdateEnd(failures: readonly ListenerFailure[]): void {
    this.#failures = failures;
    // Only the update that has just ended is told of: a name that was refused before it is forgotten.
    const refused = new Set(failures.map(({ node }) => node.text('name') ?? ''));
    for (const name of this.#failuresByName.keys()) if (!refused.has(name)) this.#failuresByName.delete(name);
  }

  pauseRoutes(): () => void {
    return this.#services.pauses.pause(['rds', 'srds', 'sds']);
  }

  versionOf(listener: Listener): string | undefined {
    return this.#versions.get(listener);
  }

  /** All of them as `/config_dump` tells of them. */
  states(): ListenerStates {
    const all = [...this.#all(), ...this.#warming.values(), ...this.#draining];
    const isDynamic = (one: Listener): boolean => this.#versions.has(one);
    const names = [...new Set([...all.filter(isDynamic).map((one) => one.name), ...this.#failuresByName.keys()])];
    return {
      static: this.#all().filter((one) => !isDynamic(one)),
      dynamic: names.map((name) => ({
        name,
        active: this.#all().find((one) => one.name === name),
        warming: this.#warming.get(name),
        draining: [...this.#draining].find((one) => one.name === name),
        failure: this.#failuresByName.get(name),
      })),
      failures: this.#failures,
    };
  }

  /** What each warming listener still waits for. */
  unready(): (readonly [name: string, targets: string[]])[] {
    return [...this.#warming.values()].map((one) => [one.name, this.#waits.get(one)?.unready() ?? []] as const);
  }

  /** `/drain_listeners`: no listener takes connections any more. */
  stop(isInboundOnly: boolean): void {
    for (const listener of this.#services.listeners.values()) {
      if (isInboundOnly && listener.node.text('traffic_direction') !== 'INBOUND') continue;
      listener.stop();
      this.#services.stats.add('listener_manager.listener_stopped');
    }
  }

  #duplicateAddress(name: string, node: ConfigNode): string | undefined {
    const address = JSON.stringify(node.child('address')?.value);
    const other = [...this.#all(), ...this.#warming.values()].find(
      (one) => one.name !== name && JSON.stringify(one.node.child('address')?.value) === address,
    );
    const socket = node.child('address')?.child('socket_address');
    const text = `${socket?.text('address') ?? ''}:${socket?.number('port_value') ?? 0}`;
    return (
      other &&
      `error adding listener: '${name}' has duplicate address '${text}' as existing listener, to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port' is set to 'false' for the listener`
    );
  }

  #countListeners(): void {
    const { stats } = this.#services;
    stats.set('listener_manager.total_listeners_active', this.#all().length);
    stats.set('listener_manager.total_listeners_warming', this.#warming.size);
    stats.set('listener_manager.total_listeners_draining', this.#draining.size);
    const chains = [...this.#drainingInPlace].flatMap(({ node }) => node.list('filter_chains'));
    stats.set('listener_manager.total_filter_chains_draining', chains.length);
  }
}

const isSame = (a: ConfigNode, b: ConfigNode): boolean => JSON.stringify(a.value) === JSON.stringify(b.value);

/** Whether only filter chains differ: then connections of chains that stay are left alone. */
function isOnlyChains(before: ConfigNode, after: ConfigNode): boolean {
  const rest = ({ value }: ConfigNode): string =>
    JSON.stringify({ ...value, filterChains: null, defaultFilterChain: null, filterChainMatcher: null });
  return rest(before) === rest(after);
}
