import type { ConfigNode } from '../config_node.ts';
import { Cluster, type ClusterServices } from './cluster.ts';
import { UpdateMerge } from './update_merge.ts';

type ClusterManagerServices = Omit<ClusterServices, 'onUpdate' | 'clusterNamed'>;

/** The clusters by name. They come and go while the proxy runs, so whoever needs one asks for it by name each time. */
export class ClusterManager {
  readonly #clusters = new Map<string, Cluster>();
  readonly #services: ClusterServices;

  constructor(services: ClusterManagerServices) {
    const merge = new UpdateMerge(services.dispatcher, services.stats);
    this.#services = {
      ...services,
      clusterNamed: (name) => this.#clusters.get(name),
      onUpdate: (cluster, update) => merge.onUpdate(cluster, update),
    };
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
}
