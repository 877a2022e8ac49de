import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { HashFacts } from '../load_balancing/hash_policy.ts';
import type { MatchFacts } from '../matching/match_facts.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Connection, FileSystem } from '../seams.ts';
import type { FilterState } from '../stream_info/filter_state.ts';
import type { Cluster } from '../upstream/cluster.ts';

/** What a plugin may look at when its configuration is compiled. */
export interface ClusterSpecifierContext {
  readonly fileSystem: FileSystem;
  readonly clusters: { get(name: string): Cluster | undefined };
}

/** Names the cluster of a request; a name that no cluster has is answered as such. */
export type ClusterSpecifier = (facts: ChoiceFacts, random: Random) => string;

/** What a choice of cluster may depend on. */
export interface ChoiceFacts extends MatchFacts, HashFacts {
  readonly connection: Connection;
  readonly filterState: FilterState;
  readonly runtime?: Runtime | undefined;
}

/** A plugin that chooses clusters: `cluster_specifier_plugin` and `inline_cluster_specifier_plugin` of a route. */
export interface ClusterSpecifierFactory {
  /** The message of its configuration. */
  readonly type: string;
  /** The action is that of the route which names it. */
  compile(config: ConfigNode, context: ClusterSpecifierContext, action: ConfigNode): ClusterSpecifier;
}

export type ClusterSpecifierRegistry = ReadonlyMap<string, ClusterSpecifierFactory>;
