import { durationMs, type JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { HeaderMutation } from '../http/header_mutation.ts';
import { compileClusterChoice, type ChooseCluster, type PluginOf } from './cluster_choice.ts';
import type { RequestStats } from './request_stats.ts';
import { compileRouteMatch, type Mismatch } from './route_match.ts';

const DEFAULT_TIMEOUT_MS = 15_000;

const PLUGINS = ['cluster_specifier_plugin', 'inline_cluster_specifier_plugin'];

/** What the levels above a route decide for it. */
export interface RouteLevels {
  /** `request_mirror_policies` of the nearest level that has any. */
  readonly mirrors: readonly ConfigNode[];
  readonly pluginOf: PluginOf;
  /** Paths are compared without what follows a `;`. */
  readonly ignoresPathParameters: boolean;
}

const NO_LEVELS: RouteLevels = { mirrors: [], pluginOf: () => undefined, ignoresPathParameters: false };

/** A route: what it takes, and what it does with it. */
export class Route {
  readonly name: string;
  readonly node: ConfigNode;
  readonly match: ConfigNode | undefined;
  readonly mismatch: Mismatch;
  readonly action: ConfigNode | undefined;
  readonly redirect: ConfigNode | undefined;
  readonly directResponse: ConfigNode | undefined;
  readonly timeoutMs: number;
  /** With a `stat_prefix`: set by the virtual host, under whose name the route counts. */
  stats: RequestStats | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly priority: 'DEFAULT' | 'HIGH';
  readonly hashPolicy: readonly ConfigNode[];
  readonly mirrors: readonly ConfigNode[];
  /** `envoy.lb` of the action's metadata_match. */
  readonly subset: JsonObject | undefined;
  readonly chooseCluster: ChooseCluster;
  /** Its cluster is chosen by a plugin, which may choose anew. */
  readonly isRefreshable: boolean;
  readonly runtimeFraction: ConfigNode | undefined;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;

  constructor(node: ConfigNode, levels: RouteLevels = NO_LEVELS) {
    this.node = node;
    this.name = node.text('name') ?? '';
    this.match = node.child('match');
    this.mismatch = this.match ? compileRouteMatch(this.match) : () => 'it has no match';
    this.action = node.child('route');
    this.redirect = node.child('redirect');
    this.directResponse = node.child('direct_response');
    this.timeoutMs = timeoutOf(this.action);
    this.chooseCluster = this.action ? compileClusterChoice(this.action, levels.pluginOf) : () => ({ name: undefined });
    this.isRefreshable = PLUGINS.some((name) => this.action?.has(name) === true);
    this.runtimeFraction = this.match?.child('runtime_fraction');
    this.idleTimeoutMs = durationMs(this.action?.text('idle_timeout'));
    this.priority = this.action?.text('priority') === 'HIGH' ? 'HIGH' : 'DEFAULT';
    this.hashPolicy = this.action?.list('hash_policy') ?? [];
    this.mirrors = nearestOf(this.action?.list('request_mirror_policies') ?? [], levels.mirrors);
    this.subset = subsetOf(this.action);
    this.requestHeaders = new HeaderMutation(node, 'request');
    this.responseHeaders = new HeaderMutation(node, 'response');
  }
}

/** A level that says nothing leaves it to the one above. */
export const nearestOf = (own: readonly ConfigNode[], above: readonly ConfigNode[]): readonly ConfigNode[] =>
  own.length > 0 ? own : above;

/** A limit to the stream stands in place of the default. */
const timeoutOf = (action: ConfigNode | undefined): number =>
  durationMs(action?.text('timeout')) ?? (action?.has('max_stream_duration') === true ? 0 : DEFAULT_TIMEOUT_MS);

/** What a route or weighted cluster asks of an endpoint's metadata. */
export function subsetOf(node: ConfigNode | undefined): JsonObject | undefined {
  return node?.child('metadata_match')?.child('filter_metadata')?.child('envoy.lb')?.value;
}
