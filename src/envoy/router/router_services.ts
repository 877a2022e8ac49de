import type { JsonObject } from '#api';
import type { Dispatcher, Random } from '#sim';
import type { LogFiles } from '../access_log/access_loggers.ts';
import type { ConfigNode } from '../config_node.ts';
import type { DnsCaches } from '../dns/dns_cache.ts';
import type { ExtensionConfigs } from '../http/extension_config.ts';
import type { FilterRegistry } from '../http/filter.ts';
import type { InitManager } from '../init_manager.ts';
import type { TransportSocketServices } from '../network/transport_socket.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { FileSystem, StreamRecord, UpstreamNetwork } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import type { TracerRegistry } from '../tracing/tracer.ts';
import type { ClusterManager } from '../upstream/cluster_manager.ts';
import type { RouteConfigs } from './route_config_provider.ts';

/** What everything on the way of a request is given by its Envoy. */
export interface RouterServices extends TransportSocketServices {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  readonly clusters: ClusterManager;
  readonly network: UpstreamNetwork;
  readonly files: LogFiles;
  /** What the configuration names by path. */
  readonly fileSystem: FileSystem;
  readonly filters: FilterRegistry;
  readonly tracers: TracerRegistry;
  readonly runtime: Runtime;
  /** The bootstrap's `tracing.http`. */
  readonly tracingProvider: ConfigNode | undefined;
  readonly routes: RouteConfigs;
  readonly extensionConfigs: ExtensionConfigs;
  readonly dnsCaches: DnsCaches;
  /** What the listener that is being made has to wait for. */
  readonly initManager: InitManager;
  /** Hears of every line that an access log of a connection manager or tcp_proxy would have. */
  readonly logged?: ((record: StreamRecord) => void) | undefined;
  /** `--service-cluster`. */
  readonly localCluster: string;
  /** How this Envoy names itself in what it sends: `core.v3.Node`. */
  readonly localNode: JsonObject;
  readonly isFailingHealthChecks: () => boolean;
  /** How many there are in `cluster_manager.local_cluster_name`, this one among them. */
  readonly peers: () => number;
  /** The zone that this Envoy itself is in; empty where it is not said. */
  readonly zone: string;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
}
