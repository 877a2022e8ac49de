import { type JsonObject } from '#api';
import type { ConfigRef } from '#source';
import type { Dispatcher, Random } from '#sim';
import { HTTP_FILTER_REGISTRY, TRACER_REGISTRY } from './extensions/registry.ts';
import type { LogFiles } from './access_log/file_access_log.ts';
import { ConfigNode } from './config_node.ts';
import type { Stream } from './http/stream.ts';
import type { RequestBytes, RequestDone } from './listener/listener.ts';
import { ListenerManager } from './listener/listener_manager.ts';
import type { Connection, UpstreamNetwork } from './seams.ts';
import { Runtime } from './runtime/runtime.ts';
import { Admin } from './server/admin.ts';
import { createServerStats } from './server/server_stats.ts';
import { statsOptions } from './stats/options.ts';
import { StatsStore } from './stats/store.ts';
import type { Trace } from './trace.ts';
import { ClusterManager } from './upstream/cluster_manager.ts';

export interface EnvoyServices {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly network: UpstreamNetwork;
  readonly trace: Trace | undefined;
  /** `--service-cluster`. */
  readonly localCluster?: string;
}

/** A running proxy: compiled from a bootstrap once, then serving connections in virtual time. */
export class Envoy {
  readonly stats: StatsStore;
  /** What the access loggers have written so far. */
  readonly files: LogFiles = new Map();
  readonly admin: Admin;
  readonly #trace: Trace | undefined;
  readonly #listeners: ListenerManager;

  constructor(bootstrap: JsonObject, ref: ConfigRef, services: EnvoyServices) {
    const root = new ConfigNode(bootstrap, ref);
    const resources = root.child('static_resources');
    this.stats = new StatsStore(statsOptions(root, () => services.dispatcher.nowMs));
    const { stats, files } = this;
    const serverStats = createServerStats(stats, services.dispatcher);
    this.#trace = services.trace;
    const clusters = new ClusterManager({ ...services, stats });
    for (const node of resources?.list('clusters') ?? []) clusters.addOrUpdate(clusters.create(node));
    this.admin = new Admin({ bootstrap: root, stats, clusters, refreshStats: serverStats.refresh });
    this.#listeners = new ListenerManager({
      ...services,
      clusters,
      stats,
      files,
      filters: HTTP_FILTER_REGISTRY,
      tracers: TRACER_REGISTRY,
      runtime: new Runtime(root),
      tracingProvider: root.child('tracing')?.child('http'),
      localCluster: services.localCluster ?? '',
      zone: root.child('node')?.child('locality')?.text('zone') ?? '',
      isFailingHealthChecks: () => this.admin.isDraining,
    });
    for (const node of resources?.list('listeners') ?? []) this.#listeners.addOrUpdate(this.#listeners.create(node));
    serverStats.started([...clusters.values()].length, resources?.list('listeners').length ?? 0);
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
