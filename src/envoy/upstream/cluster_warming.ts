import type { ConfigNode } from '../config_node.ts';
import type { StatsStore } from '../stats/store.ts';
import type { CdsApi, ClusterUpdates, UpdateOutcome } from '../subscription/cds_api.ts';
import type { DecodedResource } from '../subscription/subscription.ts';
import type { Trace } from '../trace.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterManager } from './cluster_manager.ts';

/** Requests for a type wait while it is paused. */
export interface Pauses {
  pause(types: readonly ('cds' | 'eds' | 'rds' | 'srds' | 'sds')[]): () => void;
}

/** What is started on the way, and who waits for the end of it. */
interface StartUp {
  readonly ads: () => void;
  readonly runtime: (onReady: () => void) => void;
  readonly cds: CdsApi | undefined;
  readonly onInitialized: () => void;
}

interface WarmingServices {
  readonly clusters: ClusterManager;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly pauses: Pauses;
}

/** The codes of what is wrong with a balancer. */
const FAILS_BY_BALANCER: ReadonlySet<string> = new Set(['ring_size', 'table_size']);

/**
 * Which clusters are there: the static ones from the start, the others as CDS tells. A cluster that is not ready warms
 * beside the one that it replaces: cluster_manager_impl.cc with ClusterManagerInitHelper.
 */
export class ClusterWarming implements ClusterUpdates {
  readonly #warming = new Map<string, Cluster>();
  /** The versions of what came over CDS. */
  readonly #versions = new Map<Cluster, string>();
  readonly #uninitialized = { primary: new Set<Cluster>(), secondary: new Set<Cluster>() };
  readonly #services: WarmingServices;
  #state: 'static' | 'static_started' | 'runtime' | 'secondary' | 'cds' | 'cds_done' | 'initialized' = 'static';
  #startsSecondary = false;
  #start: StartUp | undefined;
  #cds: CdsApi | undefined;
  #onInitialized: () => void = () => undefined;
  #resumeCds: (() => void) | undefined;

  constructor(services: WarmingServices) {
    this.#services = services;
  }

  /** Static clusters that need no management server, then the runtime, then the others, then CDS and what it brought. */
  initialize(nodes: readonly ConfigNode[], start: StartUp): void {
    const { clusters, stats } = this.#services;
    this.#start = start;
    this.#cds = start.cds;
    this.#onInitialized = start.onInitialized;
    const created = nodes.map((node) => clusters.create(node));
    for (const cluster of created) {
      stats.add('cluster_manager.cluster_added');
      clusters.addOrUpdate(cluster);
      this.#uninitialized[cluster.phase].add(cluster);
    }
    this.#countClusters();
    for (const cluster of [...this.#uninitialized.primary]) this.#initialize(cluster);
    this.#state = 'static_started';
    if (this.#uninitialized.primary.size === 0) this.#onPrimaryInitialized();
  }

  /** What asks the runtime waits for it: server.cc, onClusterManagerPrimaryInitializationComplete. */
  #onPrimaryInitialized(): void {
    this.#state = 'runtime';
    this.#start?.ads();
    this.#start?.runtime(() => {
      this.#state = 'secondary';
      this.#goOn();
    });
  }

  #initialize(cluster: Cluster): void {
    cluster.initialize(() => {
      const { primary } = this.#uninitialized;
      const wasLastPrimary = primary.delete(cluster) && primary.size === 0 && this.#state === 'static_started';
      this.#uninitialized.secondary.delete(cluster);
      if (this.#versions.has(cluster)) this.#activate(cluster);
      if (wasLastPrimary) this.#onPrimaryInitialized();
      else this.#goOn();
    });
  }

  #goOn(): void {
    const { primary, secondary } = this.#uninitialized;
    if ((this.#state !== 'secondary' && this.#state !== 'cds_done') || primary.size > 0) return;
    if (secondary.size > 0) return this.#initializeSecondary();
    this.#startsSecondary = false;
    if (this.#state === 'secondary' && this.#cds) {
      this.#state = 'cds';
      return this.#cds.initialize(() => {
        this.#state = 'cds_done';
        this.#goOn();
      });
    }
    this.#state = 'initialized';
    this.#onInitialized();
  }

  /** All at once, so that one request asks for the endpoints of all of them. */
  #initializeSecondary(): void {
    if (this.#startsSecondary) return;
    this.#startsSecondary = true;
    const resume = this.pauseEndpoints();
    for (const cluster of [...this.#uninitialized.secondary]) this.#initialize(cluster);
    resume();
  }

  pauseEndpoints(): () => void {
    return this.#services.pauses.pause(['eds', 'sds']);
  }

  clusterNames(): readonly string[] {
    return [...[...this.#services.clusters.values()].map((one) => one.name), ...this.#warming.keys()];
  }

  versionOf(cluster: Cluster): string | undefined {
    return this.#versions.get(cluster);
  }

  warming(): Cluster[] {
    return [...this.#warming.values()];
  }

  addOrUpdateCluster(resource: DecodedResource): UpdateOutcome {
    const { clusters, stats, trace } = this.#services;
    const { node, version, problem } = resource;
    const name = node.text('name') ?? '';
    const [active, warming] = [clusters.get(name), this.#warming.get(name)];
    const latest = warming ?? active;
    if (latest && (!this.#versions.has(latest) || isSame(latest.node, node))) return 'unchanged';
    stats.add(`cluster_manager.cluster_${latest ? 'modified' : 'added'}`);
    if (problem !== undefined) return this.#refuse(resource, problem);
    if (active) this.#forgetUninitialized(active);
    if (warming) this.#drop(warming);
    const cluster = clusters.create(node);
    this.#versions.set(cluster, version);
    this.#warming.set(name, cluster);
    trace?.record({
      kind: 'cluster_warming',
      state: 'info',
      because: node.ref,
      sentence: `The cluster \`${name}\` ${latest ? 'changes' : 'is new'}: it warms until its endpoints are known.`,
    });
    this.#countClusters();
    this.#begin(cluster);
    return 'applied';
  }

  /** A balancer is made last: a cluster that fails by it stays among those that warm, where it is until it is removed. */
  #refuse({ name, node, version, problemCode = '' }: DecodedResource, refused: string): UpdateOutcome {
    if (FAILS_BY_BALANCER.has(problemCode)) {
      const cluster = this.#services.clusters.create(node);
      this.#versions.set(cluster, version);
      this.#warming.set(name, cluster);
    }
    return { refused };
  }

  /** During the start a cluster waits for its turn; afterwards none does. */
  #begin(cluster: Cluster): void {
    if (this.#state === 'initialized') return this.#initialize(cluster);
    this.#uninitialized[cluster.phase].add(cluster);
    if (cluster.phase === 'primary' || this.#startsSecondary) this.#initialize(cluster);
  }

  #activate(cluster: Cluster): void {
    if (this.#warming.get(cluster.name) !== cluster) return;
    const { clusters, trace } = this.#services;
    this.#warming.delete(cluster.name);
    const previous = clusters.get(cluster.name);
    clusters.addOrUpdate(cluster);
    if (previous) {
      this.#drop(previous);
      this.#forgetCodes(previous.statName);
    }
    trace?.record({
      kind: 'cluster_active',
      state: 'matched',
      because: cluster.node.ref,
      sentence: `The cluster \`${cluster.name}\` is active: routes reach it from now on.`,
    });
    this.#countClusters();
  }

  removeCluster(name: string): boolean {
    const { clusters, stats, trace } = this.#services;
    const found = [clusters.get(name), this.#warming.get(name)].filter(
      (one) => one !== undefined && this.#versions.has(one),
    ) as Cluster[];
    if (found.length === 0) return false;
    for (const cluster of found) {
      this.#forgetUninitialized(cluster);
      this.#drop(cluster);
    }
    clusters.remove(name);
    this.#warming.delete(name);
    stats.forget(`cluster.${found[0]!.statName}.`);
    stats.add('cluster_manager.cluster_removed');
    trace?.record({
      kind: 'cluster_removed',
      state: 'info',
      because: found[0]!.node.ref,
      sentence: `The cluster \`${name}\` is gone: a route that names it answers 503 (NC).`,
    });
    this.#countClusters();
    return true;
  }

  #forgetUninitialized(cluster: Cluster): void {
    this.#uninitialized.primary.delete(cluster);
    this.#uninitialized.secondary.delete(cluster);
  }

  #drop(cluster: Cluster): void {
    this.#versions.delete(cluster);
    cluster.stop();
  }

  /** Counters of codes are made as they are needed, so that they end with the cluster that made them; the others are shared. */
  #forgetCodes(statName: string): void {
    const parts = ['external.', 'internal.', 'retry.', 'canary.', 'zone.'];
    const classes = [1, 2, 3, 4, 5].map((one) => `upstream_rq_${one}`);
    for (const part of [...parts, ...classes]) this.#services.stats.forget(`cluster.${statName}.${part}`);
  }

  /** While any cluster warms, CDS is not answered: the server learns by the ACK that all can be used. Not at the start. */
  #countClusters(): void {
    const { clusters, stats, pauses } = this.#services;
    if (this.#warming.size > 0 && this.#state === 'initialized') this.#resumeCds ??= pauses.pause(['cds']);
    stats.set('cluster_manager.active_clusters', [...clusters.values()].length);
    stats.set('cluster_manager.warming_clusters', this.#warming.size);
    if (this.#warming.size > 0) return;
    const resume = this.#resumeCds;
    this.#resumeCds = undefined;
    resume?.();
  }
}

const isSame = (a: ConfigNode, b: ConfigNode): boolean => JSON.stringify(a.value) === JSON.stringify(b.value);
