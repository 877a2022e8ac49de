import type { Api, JsonObject } from '#api';
import type { ConfigRef } from '#source';
import type { Dispatcher, Random } from '#sim';
import { CLUSTER_TYPES } from './extensions/cluster_registry.ts';
import { HTTP_FILTER_REGISTRY } from './extensions/http_filters.ts';
import {
  CLUSTER_SPECIFIER_REGISTRY,
  LISTENER_FILTER_REGISTRY,
  NETWORK_FILTER_REGISTRY,
  TRACER_REGISTRY,
  TRANSPORT_SOCKET_REGISTRY,
} from './extensions/registry.ts';
import type { LogFiles } from './access_log/access_loggers.ts';
import { ConfigNode } from './config_node.ts';
import type { HeaderMap } from './http/header_map.ts';
import type { ClientConnection } from './listener/active_tcp_socket.ts';
import { ListenerManager } from './listener/listener_manager.ts';
import { Runtime } from './runtime/runtime.ts';
import type { Certificates } from './network/certificate.ts';
import type { DownstreamPeer } from './network/connection.ts';
import type { ClientHello } from './network/payload.ts';
import type { Connection, FileSystem, HttpResponse, StreamRecord, UpstreamNetwork } from './seams.ts';
import { localNode } from './server/server_info.ts';
import { Admin } from './server/admin.ts';
import { DynamicResources } from './server/dynamic_resources.ts';
import { DEFAULT_OPTIONS, type CommandLineOptions } from './server/options.ts';
import { createServerStats } from './server/server_stats.ts';
import { statsOptions } from './stats/options.ts';
import { StatsStore } from './stats/store.ts';
import type { Trace } from './trace.ts';

export interface EnvoyServices {
  readonly api: Api;
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly network: UpstreamNetwork;
  readonly trace: Trace | undefined;
  /** The files that the configuration names; without it there are none. */
  readonly fileSystem?: FileSystem;
  /** The command line; what it does not say is as Envoy has it. */
  readonly options?: Partial<CommandLineOptions>;
  /** By the names of their files. */
  readonly certificates?: Certificates;
  /** Hears of every line that an access log of a connection manager or tcp_proxy would have. */
  readonly logged?: (record: StreamRecord) => void;
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
    const serverStats = createServerStats(stats, services.dispatcher);
    const runtime = new Runtime(root, stats);
    this.#trace = services.trace;
    const sockets = {
      certificates: services.certificates ?? new Map<string, never>(),
      // Looked up at each handshake: a secret may come, and change, by SDS.
      secrets: { get: (name: string) => this.#dynamic.secrets.get(name) },
      transportSockets: TRANSPORT_SOCKET_REGISTRY,
      fileSystem: services.fileSystem ?? NO_FILES,
    };
    this.#dynamic = new DynamicResources(root, {
      ...services,
      ...sockets,
      stats,
      files,
      runtime,
      clusterTypes: CLUSTER_TYPES,
      clusterSpecifiers: CLUSTER_SPECIFIER_REGISTRY,
      drainTimeMs: options.drainTimeMs,
    });
    this.admin = new Admin({
      api: services.api,
      bootstrap: root,
      stats,
      resources: this.#dynamic,
      listeners: () => this.#listeners,
      runtime,
      options,
      nowMs: () => services.dispatcher.nowMs,
      serverStats,
      dispatcher: services.dispatcher,
    });
    this.#listeners = new ListenerManager({
      ...services,
      ...sockets,
      networkFilters: NETWORK_FILTER_REGISTRY,
      listenerFilters: LISTENER_FILTER_REGISTRY,
      ...this.#dynamic.shared,
      stats,
      files,
      filters: HTTP_FILTER_REGISTRY,
      tracers: TRACER_REGISTRY,
      runtime,
      tracingProvider: root.child('tracing')?.child('http'),
      localCluster: options.serviceCluster || (root.child('node')?.text('cluster') ?? ''),
      localNode: localNode(root, options),
      zone: root.child('node')?.child('locality')?.text('zone') ?? '',
      isFailingHealthChecks: () => this.admin.isDraining,
    });
    this.#dynamic.start(root, this.#listeners, serverStats.started);
  }

  /** Whether all that its start waits for has come: before that no listener is bound. */
  get isLive(): boolean {
    return this.#dynamic.isLive;
  }

  /** A new connection. A TLS client says its hello at once. Undefined where it is refused. */
  connect(facts: Connection, hello: ClientHello | undefined, peer: DownstreamPeer): ClientConnection | undefined {
    const listener = this.#listeners.find(facts.localAddress);
    if (!listener) {
      this.#trace?.record({
        kind: 'listener_not_found',
        state: 'failed',
        sentence: `No listener is bound to ${facts.localAddress}: the connection is refused.`,
      });
      return undefined;
    }
    this.#trace?.record({
      kind: 'listener_matched',
      state: 'matched',
      because: listener.node.ref,
      sentence: `The listener \`${listener.name}\` accepts the connection to ${facts.localAddress}.`,
    });
    return listener.accept(facts, hello, peer);
  }

  /** One plain request on a connection of its own; undefined where the connection ends without an answer. */
  request(
    facts: Connection,
    request: { readonly headers: HeaderMap; readonly body: string },
    done: (response: HttpResponse | undefined) => void,
  ): void {
    let isOver = false;
    const finish = (response: HttpResponse | undefined): void => {
      if (isOver) return;
      isOver = true;
      done(response);
    };
    const connection = this.connect(facts, undefined, {
      onData: (payload) => {
        finish(payload.kind === 'response' ? payload.response : undefined);
        connection?.receiveEnd();
      },
      onClose: () => finish(undefined),
    });
    if (!connection) return finish(undefined);
    connection.receive({ kind: 'request', protocol: facts.protocol, ...request });
  }
}
