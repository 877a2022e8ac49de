import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { HeaderMutation } from '../http/header_mutation.ts';
import type { StatsStore } from '../stats/store.ts';
import { VirtualHosts } from './virtual_host.ts';

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

  constructor(node: ConfigNode, stats: StatsStore, createdMs: number) {
    this.node = node;
    this.createdMs = createdMs;
    this.virtualHosts = new VirtualHosts(node, stats);
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
