import type { RouterServices } from '../router/router_services.ts';
import type { ClusterSpecifierRegistry } from '../router/cluster_specifier.ts';
import type { Api } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { DnsCaches } from '../dns/dns_cache.ts';
import { InitManager } from '../init_manager.ts';
import type { ListenerManager } from '../listener/listener_manager.ts';
import { ListenerWarming } from '../listener/listener_warming.ts';
import type { TransportSocketServices } from '../network/transport_socket.ts';
import type { FileSystem, UpstreamNetwork } from '../seams.ts';
import { staticFacts } from '../validation/static_facts.ts';
import type { StatsStore } from '../stats/store.ts';
import { CdsApi } from '../subscription/cds_api.ts';
import { LdsApi } from '../subscription/lds_api.ts';
import { muxOf } from '../subscription/ads_mux.ts';
import type { Mux } from '../subscription/mux.ts';
import { ExtensionConfigProviders } from '../subscription/ecds.ts';
import { RouteConfigProviders } from '../subscription/rds.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { RuntimeLayers } from '../subscription/rtds.ts';
import { ResourceReader } from '../subscription/resource_reader.ts';
import { SecretManager } from '../subscription/secrets.ts';
import { SubscriptionFactory } from '../subscription/subscription_factory.ts';
import type { Trace } from '../trace.ts';
import type { ClusterTypes } from '../upstream/cluster_discovery.ts';
import type { LogFiles } from '../access_log/access_loggers.ts';
import { EventLog } from '../upstream/event_log.ts';
import { ClusterManager } from '../upstream/cluster_manager.ts';
import { ClusterWarming, type Pauses } from '../upstream/cluster_warming.ts';

export interface DynamicServices extends TransportSocketServices {
  readonly api: Api;
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly network: UpstreamNetwork;
  readonly fileSystem: FileSystem;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly runtime: Runtime;
  readonly files: LogFiles;
  readonly clusterTypes: ClusterTypes;
  readonly clusterSpecifiers: ClusterSpecifierRegistry;
  readonly drainTimeMs: number;
}

/** What the bootstrap names under `dynamic_resources`, and the order in which a proxy starts: server.cc. */
export class DynamicResources {
  readonly clusters: ClusterManager;
  readonly clusterWarming: ClusterWarming;
  readonly routes: RouteConfigProviders;
  readonly extensionConfigs: ExtensionConfigProviders;
  readonly dnsCaches: DnsCaches;
  readonly secrets: SecretManager;
  readonly initManager = new InitManager();
  readonly cds: CdsApi | undefined;
  listenerWarming!: ListenerWarming;
  lds: LdsApi | undefined;
  isLive = false;
  readonly #node: ConfigNode | undefined;
  readonly #localCluster: string;
  readonly #services: DynamicServices;
  readonly #subscriptions: SubscriptionFactory;
  readonly #pauses: Pauses;
  readonly #runtimeLayers: RuntimeLayers;
  #mux: Mux | undefined;

  constructor(bootstrap: ConfigNode, services: DynamicServices) {
    this.#services = services;
    this.#node = bootstrap.child('dynamic_resources');
    const { api, stats, fileSystem, trace, dispatcher } = services;
    const reader = new ResourceReader(api, stats, () => ({
      ...staticFacts(bootstrap.value),
      clusters: new Set(this.clusterWarming.clusterNames()),
    }));
    this.#pauses = { pause: (types) => this.#mux?.pause(types) ?? (() => undefined) };
    const newMux = (source: ConfigNode): Mux => muxOf(source, { ...services, clusters: this.clusters, reader });
    this.#subscriptions = new SubscriptionFactory({
      dispatcher,
      stats,
      trace,
      files: fileSystem,
      reader,
      adsMux: () => this.#mux,
      muxOf: newMux,
    });
    const fixed = bootstrap.child('static_resources')?.list('secrets') ?? [];
    this.secrets = new SecretManager(fixed, this.#subscriptions, () => dispatcher.nowMs);
    this.dnsCaches = new DnsCaches(services.network, stats);
    const local = localClusterOf(bootstrap);
    this.#localCluster = local?.clusterName ?? '';
    this.clusters = new ClusterManager({
      ...services,
      subscriptions: this.#subscriptions,
      types: services.clusterTypes,
      local,
      outlierLog: outlierLogOf(bootstrap, services),
      upstreamBind: bootstrap.child('cluster_manager')?.child('upstream_bind_config'),
      dnsCaches: this.dnsCaches,
      secrets: this.secrets,
    });
    const ads = this.#node?.child('ads_config');
    if (ads) this.#mux = newMux(ads);
    this.clusterWarming = new ClusterWarming({
      ...services,
      clusters: this.clusters,
      pauses: this.#pauses,
    });
    const cds = this.#node?.child('cds_config');
    this.cds = cds && new CdsApi(cds, this.clusterWarming, { factory: this.#subscriptions, stats, dispatcher });
    this.#runtimeLayers = new RuntimeLayers(bootstrap, {
      factory: this.#subscriptions,
      runtime: services.runtime,
      trace,
    });
    this.extensionConfigs = new ExtensionConfigProviders({ factory: this.#subscriptions, stats, dispatcher });
    this.routes = new RouteConfigProviders({
      ...services,
      clusters: this.clusters,
      factory: this.#subscriptions,
      pauses: this.#pauses,
    });
  }

  /** What connections and streams look things up in. */
  get shared(): Pick<RouterServices, 'clusters' | 'routes' | 'extensionConfigs' | 'dnsCaches' | 'peers'> {
    const { clusters, routes, extensionConfigs, dnsCaches } = this;
    const peers = (): number => clusters.get(this.#localCluster)?.hosts.length ?? 1;
    return { clusters, routes, extensionConfigs, dnsCaches, peers };
  }

  /** Loads what is static, then starts clusters, then listeners; bound is nothing before all of it is there. */
  start(bootstrap: ConfigNode, listeners: ListenerManager, onStarted: () => void): void {
    const resources = bootstrap.child('static_resources');
    this.listenerWarming = new ListenerWarming({
      ...this.#services,
      listeners,
      pauses: this.#pauses,
      initManager: this.initManager,
      secrets: this.secrets,
    });
    const ldsSource = this.#node?.child('lds_config');
    if (ldsSource) {
      this.lds = new LdsApi(ldsSource, this.listenerWarming, this.#subscriptions);
      this.initManager.add(this.lds.initTarget);
    }
    for (const node of resources?.list('listeners') ?? []) this.listenerWarming.addStatic(node);
    this.clusterWarming.initialize(resources?.list('clusters') ?? [], {
      ads: () => this.#mux?.start(),
      runtime: (onReady) => this.#runtimeLayers.start(onReady),
      cds: this.cds,
      onInitialized: () => this.initManager.initialize(() => this.#onInitialized(onStarted)),
    });
  }

  #onInitialized(onStarted: () => void): void {
    this.listenerWarming.start();
    onStarted();
    this.isLive = true;
  }
}

/** The file that hears of every host that goes out of the rotation or comes back. */
function outlierLogOf(
  bootstrap: ConfigNode,
  { files, dispatcher }: Pick<DynamicServices, 'files' | 'dispatcher'>,
): EventLog | undefined {
  const path = bootstrap.child('cluster_manager')?.child('outlier_detection')?.text('event_log_path') ?? '';
  return path === '' ? undefined : new EventLog(files, path, () => dispatcher.nowMs);
}

/** `cluster_manager.local_cluster_name`, and where this Envoy itself is. */
function localClusterOf(bootstrap: ConfigNode): { clusterName: string; locality: string } | undefined {
  const clusterName = bootstrap.child('cluster_manager')?.text('local_cluster_name') ?? '';
  const node = bootstrap.child('node')?.child('locality');
  const locality = ['region', 'zone', 'sub_zone'].map((part) => node?.text(part) ?? '').join('/');
  return clusterName === '' ? undefined : { clusterName, locality };
}
