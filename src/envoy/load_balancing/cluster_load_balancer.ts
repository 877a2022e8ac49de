import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { RetryChoice } from '../router/retry_hosts.ts';
import type { ChoiceContext } from '../upstream/cluster_discovery.ts';
import type { ClusterStats } from '../upstream/cluster_stats.ts';
import type { Host } from '../upstream/host.ts';
import type { HostPicker } from './load_balancer.ts';
import { overrideHostOf, type OverrideHost } from './override_host.ts';
import { compilePicker } from './policies.ts';
import { choosePriority, loadsOf, type HostSet, type Loads } from './priority_load.ts';
import { Subsets } from './subsets.ts';
import { ZoneAware, type LocalCluster } from './zone_aware.ts';

const PANIC_THRESHOLD = 50;
/** The main one and a worker. */
const THREADS = 2;

export interface LoadBalancerOwner {
  readonly random: Random;
  readonly stats: ClusterStats['traffic'];
  readonly local: LocalCluster | undefined;
  readonly nowMs: () => number;
}

/** Hosts by priority and health, and what each priority gets. */
interface View {
  readonly sets: readonly HostSet[];
  readonly loads: Loads;
}

/** Chooses a host of a cluster: the priority, then the subset, the locality, and one of its hosts. */
export class ClusterLoadBalancer {
  #sets: readonly HostSet[] = [];
  #loads: Loads = { healthy: [], degraded: [], panics: [] };
  #whole: View = { sets: [], loads: this.#loads };
  /** By what a route asked for. */
  readonly #views = new Map<string, View>();
  #overprovisioning = 0;
  #hosts: readonly Host[] = [];
  readonly #picker: HostPicker;
  readonly #overrideHost: OverrideHost | undefined;
  readonly #subsets: Subsets | undefined;
  readonly #zones: ZoneAware | undefined;
  /** A picker remembers its turn by the list, so equal lists have to be one. */
  readonly #lists = new Map<string, readonly Host[]>();
  readonly #panicThreshold: number;
  readonly #isLocalityWeighted: boolean;
  readonly #failsInPanic: boolean;
  readonly #random: Random;
  readonly #stats: ClusterStats['traffic'];

  constructor(node: ConfigNode, owner: LoadBalancerOwner) {
    this.#random = owner.random;
    this.#stats = owner.stats;
    this.#picker = compilePicker(node, { random: owner.random.fork('host'), nowMs: owner.nowMs });
    this.#overrideHost = overrideHostOf(node);
    const subset = node.child('lb_subset_config');
    this.#subsets = subset && new Subsets(subset);
    const common = node.child('common_lb_config');
    this.#isLocalityWeighted = common?.has('locality_weighted_lb_config') === true;
    this.#panicThreshold = common?.child('healthy_panic_threshold')?.number('value') ?? PANIC_THRESHOLD;
    this.#failsInPanic = common?.child('zone_aware_lb_config')?.flag('fail_traffic_on_panic') === true;
    if (owner.local && !this.#isLocalityWeighted)
      this.#zones = new ZoneAware(common?.child('zone_aware_lb_config'), owner.local, {
        random: owner.random.fork('zone'),
        stats: owner.stats,
      });
  }

  /** To be told when hosts, or their health, have changed: choices are made from lists by health. */
  update(hosts: readonly Host[], overprovisioning: number): void {
    const priorities = Math.max(0, ...hosts.map((host) => host.priority)) + 1;
    this.#lists.clear();
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
    this.#whole = { sets: this.#sets, loads: this.#loads };
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

  get #options(): { overprovisioning: number; panicThreshold: number } {
    return { overprovisioning: this.#overprovisioning, panicThreshold: this.#panicThreshold };
  }

  /** The hosts by priority. */
  get sets(): readonly HostSet[] {
    return this.#sets;
  }

  choose(context: ChoiceContext): Host | undefined {
    const { retry, stream } = context;
    const overriding = stream && this.#overrideHost?.(stream, this.#hosts);
    if (overriding) return overriding;
    const wanted = stream?.overrideHost;
    if (wanted) {
      const host = this.#hosts.find((one) => one.address === wanted.address);
      // A host that is out of health is not followed: common_lb_config.override_host_status.
      if (host && host.health !== 'unhealthy') return host;
      if (wanted.isStrict) return undefined;
    }
    let host = this.#choose(context);
    for (let again = 0; retry && host && again < retry.maxChoices && retry.rejects(host); again++)
      host = this.#choose(context);
    return host;
  }

  /** The host whose turn it is next, where there are turns: for the trace. */
  next(): Host | undefined {
    const priority = Math.max(
      0,
      this.#loads.healthy.findIndex((load) => load > 0),
    );
    const healthy = this.#sets[priority]?.healthy ?? [];
    return healthy.length > 1 && !this.#subsets ? this.#picker.next?.(healthy) : undefined;
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

  #choose(context: ChoiceContext): Host | undefined {
    if (!this.#subsets) return this.#chooseFrom(this.#whole, context);
    const { hosts, outcome } = this.#subsets.choose(this.#hosts, context.subset);
    const key = `${outcome} ${JSON.stringify(context.subset)}`;
    const host = hosts.length === 0 ? undefined : this.#chooseFrom(this.#viewOf(key, hosts), context);
    if (host && outcome !== 'none') this.#stats[`lb_subsets_${outcome}`].inc();
    if (host || outcome === 'selected' || !this.#subsets.panicsToAny) return host;
    const any = this.#chooseFrom(this.#whole, context);
    if (any) this.#stats.lb_subsets_fallback_panic.inc();
    return any;
  }

  #chooseFrom(view: View, context: ChoiceContext): Host | undefined {
    const loads = this.#loadsFor(view, context.retry);
    const { priority, source } = context.at ?? choosePriority(loads, this.#random);
    const set = view.sets[priority]!;
    if (loads.panics[priority]) {
      this.#stats.lb_healthy_panic.inc();
      if (this.#failsInPanic) return undefined;
    }
    const open = set[source];
    const hosts = this.#isLocalityWeighted ? this.#inLocality(open, set) : this.#inZone(open, priority, source);
    return hosts.length === 0 ? undefined : this.#picker.pick(hosts, context);
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
    const view = { sets, loads: loadsOf(sets, this.#options) };
    this.#views.set(key, view);
    return view;
  }

  /** Zones count at the first priority alone, and not in panic. */
  #inZone(open: readonly Host[], priority: number, source: string): readonly Host[] {
    return this.#zones && priority === 0 && source === 'healthy' ? this.#zones.narrow(open) : open;
  }

  #sameList(key: string, hosts: readonly Host[]): readonly Host[] {
    const known = this.#lists.get(key);
    if (known) return known;
    this.#lists.set(key, hosts);
    return hosts;
  }

  /** A locality by its weight, less what of it is unwell; one without a weight gets nothing. */
  #inLocality(open: readonly Host[], set: HostSet): readonly Host[] {
    const localities = [...new Set(open.map((host) => host.locality))];
    const share = (locality: Host['locality']): number => {
      const of = (hosts: readonly Host[]): number => hosts.filter((host) => host.locality === locality).length;
      return locality.weight * Math.min(1, (this.#overprovisioning / 100) * (of(open) / of(set.all)));
    };
    const total = localities.reduce((sum, one) => sum + share(one), 0);
    if (total === 0) return [];
    let ticket = (this.#random.below(1_000_000) / 1_000_000) * total;
    const chosen = localities.find((one) => (ticket -= share(one)) < 0) ?? localities.at(-1)!;
    return this.#sameList(
      `locality ${chosen.name} ${chosen.priority}`,
      open.filter((host) => host.locality === chosen),
    );
  }
}
