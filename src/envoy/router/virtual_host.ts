import { at, type ConfigRef } from '#source';
import type { ConfigNode } from '../config_node.ts';
import type { Trace } from '../trace.ts';
import { HeaderMutation } from '../http/header_mutation.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { MatchFacts } from '../matching/match_facts.ts';
import { compileMatchTree, type MatchTree } from '../matching/match_tree.ts';
import type { StatsStore } from '../stats/store.ts';
import { compileHeaderMatcher } from './route_match.ts';
import { RequestStats } from './request_stats.ts';
import { nearestOf, Route, type RouteLevels } from './route.ts';
import { RouteList } from './route_list.ts';

export type DomainClass = 'exact' | 'suffix wildcard' | 'prefix wildcard' | 'any';

/** A virtual host: the domains it answers for and its routes, in order. */
export class VirtualHost {
  readonly name: string;
  readonly node: ConfigNode;
  readonly #routes: RouteList;
  readonly requiresTls: string;
  readonly countsAttempts: boolean;
  readonly countsAttemptsInResponse: boolean;
  readonly tellsTimeoutRetry: boolean;
  readonly #matcher: MatchTree | undefined;
  readonly #stats: StatsStore;
  readonly #levels: RouteLevels;
  readonly #virtualClusters: readonly VirtualCluster[];
  readonly #chosen = new WeakMap<object, RouteList>();
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;

  constructor(node: ConfigNode, stats: StatsStore, levels: RouteLevels) {
    this.node = node;
    this.#stats = stats;
    this.#levels = { ...levels, mirrors: nearestOf(node.list('request_mirror_policies'), levels.mirrors) };
    this.name = node.text('name') ?? '';
    this.requiresTls = node.text('require_tls') ?? 'NONE';
    this.countsAttempts = node.flag('include_request_attempt_count');
    this.tellsTimeoutRetry = node.flag('include_is_timeout_retry_header');
    this.countsAttemptsInResponse = node.flag('include_attempt_count_in_response');
    this.#routes = this.#listOf(node.list('routes'));
    this.#virtualClusters = compileVirtualClusters(node, stats);
    const matcher = node.child('matcher');
    this.#matcher = matcher && compileMatchTree(matcher);
    this.requestHeaders = new HeaderMutation(node, 'request');
    this.responseHeaders = new HeaderMutation(node, 'response');
  }

  #listOf(nodes: readonly ConfigNode[]): RouteList {
    return new RouteList(
      nodes.map((node) => this.#route(node)),
      this.#levels.ignoresPathParameters,
    );
  }

  #route(node: ConfigNode): Route {
    const route = new Route(node, this.#levels);
    const prefix = node.text('stat_prefix') ?? '';
    if (prefix !== '') route.stats = new RequestStats(this.#stats, `vhost.${this.name}.route.${prefix}.`);
    return route;
  }

  virtualClusterOf(request: HeaderMap): VirtualCluster | undefined {
    return this.#virtualClusters.find((one) => one.fits(request));
  }

  /** The routes to try in order: all of them, or those that the matcher leads to. */
  routesFor(facts: MatchFacts): RouteList {
    if (!this.#matcher) return this.#routes;
    const action = this.#matcher(facts);
    if (!action) return NO_ROUTES;
    const known = this.#chosen.get(action.value);
    if (known) return known;
    const nodes = action.text('@type')?.endsWith('.RouteList') ? action.list('routes') : [action];
    const routes = this.#listOf(nodes);
    this.#chosen.set(action.value, routes);
    return routes;
  }
}

/** Requests of a virtual host that are counted together. */
export interface VirtualCluster {
  readonly name: string;
  readonly isOther: boolean;
  readonly stats: RequestStats;
  readonly fits: (request: HeaderMap) => boolean;
}

/** In order; what fits none counts as `other`. */
function compileVirtualClusters(host: ConfigNode, stats: StatsStore): readonly VirtualCluster[] {
  const nodes = host.list('virtual_clusters');
  if (nodes.length === 0) return [];
  const of = (name: string, fits: VirtualCluster['fits'], isOther: boolean): VirtualCluster => ({
    name,
    isOther,
    stats: new RequestStats(stats, `vhost.${host.text('name') ?? ''}.vcluster.${name}.`),
    fits,
  });
  const named = nodes.map((node) => {
    const mismatches = node.list('headers').map((one) => compileHeaderMatcher(one));
    return of(node.text('name') ?? '', (request) => mismatches.every((one) => one(request, '') === undefined), false);
  });
  return [...named, of('other', () => true, true)];
}

const NO_ROUTES = new RouteList([]);

interface Wildcard {
  readonly fixed: string;
  readonly host: VirtualHost;
}

/** Finds the virtual host of a Host header: exact, then `*.suffix`, then `prefix.*`, the longest of each, then `*`. */
export class VirtualHosts {
  readonly all: VirtualHost[];
  readonly #exact = new Map<string, VirtualHost>();
  readonly #suffixes: Wildcard[] = [];
  readonly #prefixes: Wildcard[] = [];
  #any: VirtualHost | undefined;
  readonly #ignorePort: boolean;
  readonly #ref: ConfigRef;
  /** `vhost_header`: what stands in place of Host. */
  readonly #header: string;

  constructor(routeConfig: ConfigNode, stats: StatsStore, levels: RouteLevels) {
    this.all = routeConfig.list('virtual_hosts').map((node) => new VirtualHost(node, stats, levels));
    this.#ref = routeConfig.ref;
    this.#header = routeConfig.text('vhost_header')?.toLowerCase() ?? ':authority';
    this.#ignorePort = routeConfig.flag('ignore_port_in_host_matching');
    for (const host of this.all)
      for (const domain of host.node.texts('domains')) this.#register(domain.toLowerCase(), host);
    const longestFirst = (a: Wildcard, b: Wildcard): number => b.fixed.length - a.fixed.length;
    this.#suffixes.sort(longestFirst);
    this.#prefixes.sort(longestFirst);
  }

  #register(domain: string, host: VirtualHost): void {
    if (domain === '*') this.#any = host;
    else if (domain.startsWith('*')) this.#suffixes.push({ fixed: domain.slice(1), host });
    else if (domain.endsWith('*')) this.#prefixes.push({ fixed: domain.slice(0, -1), host });
    else this.#exact.set(domain, host);
  }

  find(request: HeaderMap, trace: Trace | undefined): VirtualHost | undefined {
    const authority = request.get(this.#header) ?? '';
    const name = (this.#ignorePort ? authority.replace(/:\d+$/, '') : authority).toLowerCase();
    const [host, by] = this.#lookUp(name);
    if (trace) this.#tell(trace, name, host, by);
    return host;
  }

  #lookUp(name: string): [VirtualHost | undefined, DomainClass] {
    const exact = this.#exact.get(name);
    if (exact) return [exact, 'exact'];
    const suffix = this.#suffixes.find(({ fixed }) => name.length > fixed.length && name.endsWith(fixed));
    if (suffix) return [suffix.host, 'suffix wildcard'];
    const prefix = this.#prefixes.find(({ fixed }) => name.length > fixed.length && name.startsWith(fixed));
    if (prefix) return [prefix.host, 'prefix wildcard'];
    return [this.#any, 'any'];
  }

  #tell(trace: Trace, name: string, found: VirtualHost | undefined, by: DomainClass): void {
    for (const host of this.all) {
      if (host === found) continue;
      const domains = host.node.texts('domains').join(', ');
      trace.record({
        kind: 'virtual_host_rejected',
        state: found ? 'not_reached' : 'failed',
        because: at(host.node.ref, 'domains'),
        sentence: `The virtual host \`${host.name}\` answers for ${domains}, and Host is "${name}"${portHint(host, name)}.`,
      });
    }
    if (found)
      trace.record({
        kind: 'virtual_host_matched',
        state: 'matched',
        because: at(found.node.ref, 'domains'),
        sentence: `The virtual host \`${found.name}\` takes Host "${name}" (class of domain: ${by}).`,
      });
    else
      trace.record({
        kind: 'virtual_host_not_found',
        state: 'failed',
        because: this.#ref,
        sentence: `No virtual host takes Host "${name}".`,
      });
  }
}

/** The commonest surprise: a domain is compared with the whole value of Host, port included. */
function portHint(host: VirtualHost, name: string): string {
  const port = /:\d+$/.exec(name)?.[0];
  const bare = port === undefined ? undefined : name.slice(0, -port.length);
  const isNear = host.node.texts('domains').some((domain) => domain.toLowerCase() === bare);
  return isNear ? `, which has ${port} after it` : '';
}
