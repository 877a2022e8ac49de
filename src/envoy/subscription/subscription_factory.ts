import { durationMs } from '#api';
import type { Dispatcher } from '#sim';
import type { XdsType } from '#xds';
import type { ConfigNode } from '../config_node.ts';
import type { FileSystem } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import { FileSubscription } from './file_subscription.ts';
import { GrpcSubscription } from './grpc_subscription.ts';
import type { Mux } from './mux.ts';
import type { ResourceReader } from './resource_reader.ts';
import type { Subscription, SubscriptionCallbacks } from './subscription.ts';
import { SubscriptionStats } from './subscription_stats.ts';

const DEFAULT_INITIAL_FETCH_TIMEOUT_MS = 15_000;

export interface SubscriptionServices {
  readonly dispatcher: Dispatcher;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly files: FileSystem;
  readonly reader: ResourceReader;
  /** The stream of `ads_config`. */
  readonly adsMux: () => Mux | undefined;
  /** A stream of its own for an `api_config_source`. */
  readonly muxOf: (apiConfigSource: ConfigNode) => Mux;
}

/** Makes subscriptions out of `ConfigSource`: subscription_factory_impl.cc. */
export class SubscriptionFactory {
  readonly #services: SubscriptionServices;

  constructor(services: SubscriptionServices) {
    this.#services = services;
  }

  /** Whether a source needs no network: what it feeds can be there before any management server is. */
  static isPathBased(source: ConfigNode): boolean {
    return pathOf(source) !== undefined;
  }

  create(source: ConfigNode, type: XdsType, statPrefix: string, callbacks: SubscriptionCallbacks): Subscription {
    const { dispatcher, files, reader, trace } = this.#services;
    const stats = new SubscriptionStats(this.#services.stats, statPrefix);
    const path = pathOf(source);
    if (path !== undefined) {
      const watchedDirectory = source.child('path_config_source')?.child('watched_directory')?.text('path');
      return new FileSubscription({ path, watchedDirectory, type }, callbacks, { files, reader, stats, trace });
    }
    const api = source.child('api_config_source');
    const mux = api ? this.#services.muxOf(api) : this.#services.adsMux();
    if (!mux) return NEVER;
    const initialFetchTimeoutMs = durationMs(source.text('initial_fetch_timeout')) ?? DEFAULT_INITIAL_FETCH_TIMEOUT_MS;
    const ownsMux = api !== undefined;
    return new GrpcSubscription(mux, type, callbacks, { stats, dispatcher, initialFetchTimeoutMs, ownsMux });
  }
}

const pathOf = (source: ConfigNode): string | undefined =>
  source.child('path_config_source')?.text('path') ?? source.text('path');

/** A source that says `ads` where the bootstrap has no `ads_config` brings nothing. */
const NEVER: Subscription = { start: () => undefined, update: () => undefined, stop: () => undefined };
