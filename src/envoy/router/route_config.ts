import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { HeaderMutation } from '../http/header_mutation.ts';
import type { StatsStore } from '../stats/store.ts';
import type { PluginOf } from './cluster_choice.ts';
import type { ClusterSpecifierContext, ClusterSpecifierRegistry } from './cluster_specifier.ts';
import { VirtualHosts } from './virtual_host.ts';

export interface RouteConfigServices extends ClusterSpecifierContext {
  readonly stats: StatsStore;
  readonly clusterSpecifiers: ClusterSpecifierRegistry;
}

/** A route configuration, compiled. A stream keeps the one that it began with. */
export class RouteConfig {
  readonly node: ConfigNode;
  readonly createdMs: number;
  readonly virtualHosts: VirtualHosts;
  /** `most_specific_header_mutations_wins`: the route has the last word on headers, not the widest level. */
  readonly narrowestWins: boolean;
  readonly #internalOnlyHeaders: readonly string[];
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;

  constructor(node: ConfigNode, services: RouteConfigServices, createdMs: number) {
    this.node = node;
    this.createdMs = createdMs;
    this.virtualHosts = new VirtualHosts(node, services.stats, {
      mirrors: node.list('request_mirror_policies'),
      pluginOf: compilePlugins(node, services),
      ignoresPathParameters: node.flag('ignore_path_parameters_in_path_matching'),
    });
    this.narrowestWins = node.flag('most_specific_header_mutations_wins');
    this.#internalOnlyHeaders = node.texts('internal_only_headers').map((name) => name.toLowerCase());
    this.requestHeaders = new HeaderMutation(node, 'request');
    this.responseHeaders = new HeaderMutation(node, 'response');
  }

  /** `internal_only_headers`: what an external client may not send. */
  removeInternalOnly(request: HeaderMap): void {
    if (request.has('x-envoy-internal')) return;
    for (const name of this.#internalOnlyHeaders) request.remove(name);
  }
}

/** `cluster_specifier_plugins` by their names, and those that routes bring along. */
function compilePlugins(node: ConfigNode, services: RouteConfigServices): PluginOf {
  const named = new Map(
    node
      .list('cluster_specifier_plugins')
      .map((plugin) => [plugin.child('extension')?.text('name') ?? '', plugin] as const),
  );
  return (action) => {
    const plugin =
      named.get(action.text('cluster_specifier_plugin') ?? '') ?? action.child('inline_cluster_specifier_plugin');
    const config = plugin?.child('extension')?.child('typed_config');
    const factory = config && services.clusterSpecifiers.get(config.text('@type')?.split('/').at(-1) ?? '');
    return factory?.compile(config!, services, action);
  };
}
