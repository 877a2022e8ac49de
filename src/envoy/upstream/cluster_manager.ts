import type { ConfigNode } from '../config_node.ts';
import { Cluster, type ClusterServices } from './cluster.ts';

const UPDATE_MERGE_MS = 1_000;

type ClusterManagerServices = Omit<ClusterServices, 'onUpdate'>;

/** The clusters by name. They come and go while the proxy runs, so whoever needs one asks for it by name each time. */
export class ClusterManager {
  readonly #clusters = new Map<string, Cluster>();
  readonly #services: ClusterServices;
  #lastUpdateMs = -Infinity;

  constructor(services: ClusterManagerServices) {
    this.#services = { ...services, onUpdate: () => this.#onClusterUpdate() };
  }

  get(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  /** In the order in which they came. */
  values(): Iterable<Cluster> {
    return this.#clusters.values();
  }

  /** A cluster ready to be put in place: made apart, so that it can warm while an older one of its name still serves. */
  create(node: ConfigNode): Cluster {
    return new Cluster(node, this.#services);
  }

  /** Puts a cluster in place: a new name, or in the place of an older one. */
  addOrUpdate(cluster: Cluster): void {
    this.#clusters.set(cluster.name, cluster);
  }

  /** False where there is none of that name. */
  remove(name: string): boolean {
    return this.#clusters.delete(name);
  }

  /** Changes close together are told once: cluster_manager_impl.cc, scheduleUpdate. */
  #onClusterUpdate(): void {
    const { dispatcher, stats } = this.#services;
    if (dispatcher.nowMs - this.#lastUpdateMs < UPDATE_MERGE_MS) return;
    this.#lastUpdateMs = dispatcher.nowMs;
    stats.add('cluster_manager.cluster_updated');
  }
}
