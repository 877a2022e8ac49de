import type { JsonObject } from '#api';
import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { RetryChoice } from '../router/retry_hosts.ts';
import type { ChoiceContext } from '../upstream/cluster_discovery.ts';
import type { ClusterStats } from '../upstream/cluster_stats.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Host, Locality } from '../upstream/host.ts';
import { lbOptionsOf } from './lb_options.ts';
import type { HashPicker, HostPicker, WeightedHosts } from './load_balancer.ts';
import { LocalityShares } from './locality_shares.ts';
import { randomHash, weightedHosts } from './weighted_hosts.ts';
import { overrideHostOf, type OverrideHost } from './override_host.ts';
import { compileHashPicker, compilePicker } from './policies.ts';
import {
  choosePriority,
  loadsOf,
  priorityByHash,
  type HostSet,
  type LoadOptions,
  type Loads,
} from './priority_load.ts';
import { Subsets } from './subsets.ts';
import { ZoneAware, type LocalCluster } from './zone_aware.ts';

const PANIC_THRESHOLD = 50;
const FOLLOWED = ['UNKNOWN', 'HEALTHY', 'DEGRADED'];
/** The main one and a worker. */
const THREADS = 2;

export interface LoadBalancerOwner {
  readonly random: Random;
  readonly stats: ClusterStats['traffic'];
  readonly local: LocalCluster | undefined;
  readonly nowMs: () => number;
  readonly runtime?: Runtime;
}

/** Hosts by priority and health, and what each priority gets. */
interface View {
  readonly sets: readonly HostSet[];
  readonly loads: Loads;
  /** Undefined where localities have no say. */
  readonly localities: LocalityShares | undefined;
}

/** Chooses a host of a cluster: the priority, then the subset, the locality, and one of its hosts. */
export class ClusterLoadBalancer {
  #sets: readonly HostSet[] = [];
  #loads: Loads = { healthy: [], degraded: [], panics: [] };
  #whole: View = { sets: [], loads: this.#loads, localities: undefined };
  /** By what a route asked for. */
  readonly #views = new Map<string, View>();
  readonly #weights = new WeakMap<readonly Host[], WeightedHosts>();
  #overprovisioning = 0;
  #isWeighted = false;
  #hosts: readonly Host[] = [];
  readonly #picker: HostPicker;
  readonly #hashPicker: HashPicker | undefined;
  /** Of the policy itself, in place of the route's. */
  readonly hashPolicy: readonly ConfigNode[];
  readonly #overrideHost: OverrideHost | undefined;
  readonly #subsets: Subsets | undefined;
  readonly #zones: ZoneAware | undefined;
  readonly #panicThreshold: number;
  /** `override_host_status`: in which state a host may be that a request asks for. */
  readonly #followed: ReadonlySet<string>;
  readonly #isLocalityWeighted: boolean;
  readonly #failsInPanic: boolean;
  readonly #random: Random;
  readonly #runtime: Runtime | undefined;
  readonly #stats: ClusterStats['traffic'];

  constructor(node: ConfigNode, owner: LoadBalancerOwner) {
    this.#random = owner.random;
    this.#stats = owner.stats;
    this.#runtime = owner.runtime;
    const options = lbOptionsOf(node);
    const policyOwner = { ...owner, random: owner.random.fork('host') };
    this.#picker = compilePicker(options, policyOwner);
    this.#hashPicker = compileHashPicker(options, policyOwner);
    this.hashPolicy = options.hashing?.list('hash_policy') ?? [];
    this.#overrideHost = overrideHostOf(options.override);
    this.#subsets = options.subset && new Subsets(options.subset);
    this.#isLocalityWeighted = options.isLocalityWeighted;
    this.#panicThreshold =
      node.child('common_lb_config')?.child('healthy_panic_threshold')?.number('value') ?? PANIC_THRESHOLD;
    const followed = node.child('common_lb_config')?.child('override_host_status')?.texts('statuses');
    this.#followed = new Set(followed ?? FOLLOWED);
    this.#failsInPanic = options.zoneAware?.flag('fail_traffic_on_panic') === true;
    if (owner.local && !this.#isLocalityWeighted && !this.#hashPicker)
      this.#zones = new ZoneAware(options.zoneAware, owner.local, {
        random: owner.random.fork('zone'),
        stats: owner.stats,
      });
  }

  /** To be told when hosts, or their health, have changed: choices are made from lists by health. */
  update(hosts: readonly Host[], overprovisioning: number, isWeighted: boolean): void {
    this.#isWeighted = isWeighted;
    const priorities = Math.max(0, ...hosts.map((host) => host.priority)) + 1;
    this.#hosts = hosts;
    this.#overprovisioning = overprovisioning;
    this.#sets = Array.from({ length: priorities }, (_, priority) => {
      const all = hosts.filter((host) => host.priority === priority && !host.flags.has('eds_status_draining'));
      return {
        all,
        healthy: all.filter((host) => host.health === 'healthy'),
        degraded: all.filter((host) => host.health === 'degraded'),
      };
    });
    this.#loads = loadsOf(this.#sets, this.#options);
    this.#whole = {
      sets: this.#sets,
      loads: this.#loads,
      localities: this.#isLocalityWeighted ? new LocalityShares(overprovisioning) : undefined,
    };
    this.#views.clear();
    this.#zones?.recalculate(this.#sets[0]!.healthy);
    this.#countSubsets(hosts);
  }

  /** Each thread keeps the subsets of its own: subset_lb.cc. */
  #countSubsets(hosts: readonly Host[]): void {
    if (!this.#subsets) return;
    const now = this.#subsets.count(hosts) * THREADS;
    const before = this.#stats.lb_subsets_active.value;
    this.#stats.lb_subsets_active.set(now);
    if (now > before) this.#stats.lb_subsets_created.add(now - before);
    else if (now < before) this.#stats.lb_subsets_removed.add(before - now);
  }

  get #options(): LoadOptions {
    const panicThreshold = this.#panicThreshold;
    return {
      overprovisioning: this.#overprovisioning,
      panicThreshold: this.#runtime?.integer('upstream.healthy_panic_threshold', panicThreshold) ?? panicThreshold,
      isWeighted: this.#isWeighted,
    };
  }

  /** The hosts by priority. */
  get sets(): readonly HostSet[] {
    return this.#sets;
  }

  choose(context: ChoiceContext): Host | undefined {
    const { stream } = context;
    const overriding = stream && this.#overrideHost?.(stream, this.#hosts);
    if (overriding) return overriding;
    const wanted = stream?.overrideHost;
    if (wanted) {
      const host = this.#hosts.find((one) => one.address === wanted.address);
      // A host that is out of health is not followed, unless that is asked for.
      if (host && this.#followed.has(host.status)) return host;
      if (wanted.isStrict) return undefined;
    }
    return this.#chooseIn(context);
  }

  /** The host whose turn it is next, where there are turns: for the trace. */
  next(): Host | undefined {
    const priority = Math.max(
      0,
      this.#loads.healthy.findIndex((load) => load > 0),
    );
    const healthy = this.#sets[priority]?.healthy ?? [];
    return healthy.length > 1 && !this.#subsets && !this.#hashPicker ? this.#picker.next?.(healthy) : undefined;
  }

  /** The loads without the priorities that a retry leaves out; all of them where none would be left. */
  #loadsFor({ sets, loads }: View, retry: RetryChoice | undefined): Loads {
    if (!retry || retry.excludedPriorities.size === 0) return loads;
    const left = sets.map((set, priority) =>
      retry.excludedPriorities.has(priority) ? { all: set.all, healthy: [], degraded: [] } : set,
    );
    const isEmpty = left.every((set) => set.healthy.length + set.degraded.length === 0);
    return isEmpty ? loads : loadsOf(left, this.#options);
  }

  #chooseIn(context: ChoiceContext): Host | undefined {
    if (!this.#subsets) return this.#chooseFrom(this.#whole, context);
    for (const wanted of this.#subsets.questionsOf(context.subset)) {
      const host = this.#chooseSubset(this.#subsets, wanted, context);
      if (host) return host;
    }
    return undefined;
  }

  #chooseSubset(subsets: Subsets, wanted: JsonObject | undefined, context: ChoiceContext): Host | undefined {
    const choice = subsets.choose(this.#hosts, wanted);
    if (!choice) return undefined;
    const { hosts, outcome } = choice;
    const view = this.#viewOf(`${outcome} ${JSON.stringify(wanted)}`, hosts);
    const host = this.#chooseFrom(view, context);
    if (outcome === 'selected') this.#stats.lb_subsets_selected.inc();
    if (outcome === 'fallback' && host) this.#stats.lb_subsets_fallback.inc();
    if (host || outcome !== 'fallback' || !subsets.panicsToAny) return host;
    const any = this.#chooseFrom(this.#whole, context);
    if (any) this.#stats.lb_subsets_fallback_panic.inc();
    return any;
  }

  /** A host that a retry rejects is chosen again in vain, so many times; then it is taken all the same. */
  #chooseFrom(view: View, context: ChoiceContext): Host | undefined {
    const { retry } = context;
    const hash = this.#hashPicker && (context.hash ?? randomHash(this.#random));
    const choose = (attempt: number): Host | undefined =>
      hash === undefined ? this.#chooseOnce(view, context) : this.#chooseByHash(view, context, { hash, attempt });
    let host = choose(0);
    for (let again = 1; retry && host && again <= retry.maxChoices && retry.rejects(host); again++)
      host = choose(again);
    return host;
  }

  #chooseOnce(view: View, context: ChoiceContext): Host | undefined {
    const loads = this.#loadsFor(view, context.retry);
    const { priority, source } = context.at ?? choosePriority(loads, this.#random);
    const set = view.sets[priority]!;
    if (loads.panics[priority]) {
      this.#stats.lb_healthy_panic.inc();
      if (this.#failsInPanic) return undefined;
    }
    const open = set[source];
    const hosts = view.localities
      ? view.localities.narrow(open, set, this.#random)
      : this.#inZone(open, priority, source);
    return hosts.length === 0 ? undefined : this.#picker.pick(hosts);
  }

  /** One ring or table for all localities of a priority, of hosts that are well: thread_aware_lb_impl.cc. */
  #chooseByHash(
    view: View,
    context: ChoiceContext,
    { hash, attempt }: { hash: bigint; attempt: number },
  ): Host | undefined {
    const loads = this.#loadsFor(view, context.retry);
    const { priority } = context.at ?? priorityByHash(loads, hash);
    const isPanic = loads.panics[priority] === true;
    if (isPanic && attempt === 0) this.#stats.lb_healthy_panic.inc();
    const { all, healthy } = view.sets[priority]!;
    const hosts = this.#weighted(isPanic ? all : healthy, view.localities !== undefined);
    return hosts.length === 0 ? undefined : this.#hashPicker!.pickByHash(hosts, hash, attempt);
  }

  #weighted(hosts: readonly Host[], byLocality: boolean): WeightedHosts {
    let known = this.#weights.get(hosts);
    if (!known) this.#weights.set(hosts, (known = weightedHosts(hosts, byLocality)));
    return known;
  }

  /** A part of the hosts is balanced as if there were no others: subset_lb.cc. */
  #viewOf(key: string, hosts: readonly Host[]): View {
    const known = this.#views.get(key);
    if (known) return known;
    const chosen = new Set(hosts);
    const among = (list: readonly Host[]): Host[] => list.filter((host) => chosen.has(host));
    const sets = this.#sets.map(({ all, healthy, degraded }) => ({
      all: among(all),
      healthy: among(healthy),
      degraded: among(degraded),
    }));
    const view = { sets, loads: loadsOf(sets, this.#options), localities: this.#localitiesOf(sets) };
    this.#views.set(key, view);
    return view;
  }

  /** Zones count at the first priority alone, and not in panic. */
  #inZone(open: readonly Host[], priority: number, source: string): readonly Host[] {
    return this.#zones && priority === 0 && source === 'healthy' ? this.#zones.narrow(open) : open;
  }

  /** Within a subset, localities count only where they are to. */
  #localitiesOf(subset: readonly HostSet[]): LocalityShares | undefined {
    const how = this.#isLocalityWeighted ? this.#subsets!.localityWeights : 'none';
    if (how === 'none') return undefined;
    const of = (sets: readonly HostSet[], locality: Locality): number =>
      sets.reduce((sum, { all }) => sum + all.filter((host) => host.locality === locality).length, 0);
    const scaleOf = (locality: Locality): number => of(subset, locality) / of(this.#sets, locality);
    return new LocalityShares(
      this.#overprovisioning,
      how === 'whole' ? undefined : (locality) => Math.round(locality.weight * scaleOf(locality)),
    );
  }
}
