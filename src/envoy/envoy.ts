import type { Api, JsonObject } from '#api';
import type { ConfigRef } from '#source';
import type { Dispatcher, Random } from '#sim';
import { CLUSTER_TYPES } from './extensions/cluster_registry.ts';
import { HTTP_FILTER_REGISTRY, TRACER_REGISTRY } from './extensions/registry.ts';
import type { LogFiles } from './access_log/file_access_log.ts';
import { ConfigNode } from './config_node.ts';
import type { Stream } from './http/stream.ts';
import type { RequestBytes, RequestDone } from './listener/listener.ts';
import { ListenerManager } from './listener/listener_manager.ts';
import type { Connection, FileSystem, UpstreamNetwork } from './seams.ts';
import { Runtime } from './runtime/runtime.ts';
import { Admin } from './server/admin.ts';
import { DynamicResources } from './server/dynamic_resources.ts';
import { DEFAULT_OPTIONS, type CommandLineOptions } from './server/options.ts';
import { createServerStats } from './server/server_stats.ts';
import { statsOptions } from './stats/options.ts';
import { StatsStore } from './stats/store.ts';
import type { LuaRuntime } from './lua/lua_runtime.ts';
import type { Trace } from './trace.ts';

export interface EnvoyServices {
  readonly api: Api;
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly network: UpstreamNetwork;
  readonly trace: Trace | undefined;
  /** Where the scripts of the configuration run; without it requests pass them by. */
  readonly lua?: LuaRuntime | undefined;
  /** The files that the configuration names; without it there are none. */
  readonly fileSystem?: FileSystem;
  /** The command line; what it does not say is as Envoy has it. */
  readonly options?: Partial<CommandLineOptions>;
}

const NO_FILES: FileSystem = { read: () => undefined, watch: () => () => undefined };

/** A running proxy: compiled from a bootstrap once, then serving connections in virtual time. */
export class Envoy {
  readonly stats: StatsStore;
  /** What the access loggers have written so far. */
  readonly files: LogFiles = new Map();
  readonly admin: Admin;
  readonly #trace: Trace | undefined;
  readonly #listeners: ListenerManager;
  readonly #dynamic: DynamicResources;

  constructor(bootstrap: JsonObject, ref: ConfigRef, services: EnvoyServices) {
    const root = new ConfigNode(bootstrap, ref);
    this.stats = new StatsStore(statsOptions(root, () => services.dispatcher.nowMs));
    const { stats, files } = this;
    const options = { ...DEFAULT_OPTIONS, ...services.options };
    const runtime = new Runtime(root);
    const serverStats = createServerStats(stats, services.dispatcher);
    this.#trace = services.trace;
    this.#dynamic = new DynamicResources(root, {
      ...services,
      stats,
      fileSystem: services.fileSystem ?? NO_FILES,
      clusterTypes: CLUSTER_TYPES,
      drainTimeMs: options.drainTimeMs,
    });
    const { clusters, routes, dnsCaches } = this.#dynamic;
    this.admin = new Admin({
      api: services.api,
      bootstrap: root,
      stats,
      resources: this.#dynamic,
      listeners: () => this.#listeners,
      runtime,
      options,
      nowMs: () => services.dispatcher.nowMs,
      refreshStats: serverStats.refresh,
    });
    this.#listeners = new ListenerManager({
      ...services,
      clusters,
      routes,
      dnsCaches,
      stats,
      files,
      filters: HTTP_FILTER_REGISTRY,
      lua: services.lua,
      tracers: TRACER_REGISTRY,
      runtime,
      tracingProvider: root.child('tracing')?.child('http'),
      localCluster: options.serviceCluster || (root.child('node')?.text('cluster') ?? ''),
      zone: root.child('node')?.child('locality')?.text('zone') ?? '',
      isFailingHealthChecks: () => this.admin.isDraining,
    });
    this.#dynamic.start(root, this.#listeners, serverStats.started);
  }

  /** Whether all that its start waits for has come: before that no listener is bound. */
  get isLive(): boolean {
    return this.#dynamic.isLive;
  }

  /** One request on a connection of its own. */
  request(connection: Connection, request: RequestBytes, done: RequestDone): Stream | undefined {
    const listener = this.#listeners.find(connection.localAddress);
    if (!listener) {
      this.#trace?.record({
        kind: 'listener_not_found',
        state: 'failed',
        sentence: `No listener is bound to ${connection.localAddress}: the connection is refused.`,
      });
      return void done(undefined);
    }
    this.#trace?.record({
      kind: 'listener_matched',
      state: 'matched',
      because: listener.node.ref,
      sentence: `The listener \`${listener.name}\` accepts the connection to ${connection.localAddress}.`,
    });
    return listener.accept(connection, request, done);
  }
}
