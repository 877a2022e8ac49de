import type { ConfigNode } from '../config_node.ts';
import type { MatchFacts } from '../matching/match_facts.ts';
import type { FileSystem } from '../seams.ts';
import type { Cluster } from '../upstream/cluster.ts';

/** What a plugin may look at when its configuration is compiled. */
export interface ClusterSpecifierContext {
  readonly fileSystem: FileSystem;
  readonly clusters: { get(name: string): Cluster | undefined };
}

/** Names the cluster of a request; a name that no cluster has is answered as such. */
export type ClusterSpecifier = (facts: MatchFacts) => string;

/** A plugin that chooses clusters: `cluster_specifier_plugin` and `inline_cluster_specifier_plugin` of a route. */
export interface ClusterSpecifierFactory {
  /** The message of its configuration. */
  readonly type: string;
  compile(config: ConfigNode, context: ClusterSpecifierContext): ClusterSpecifier;
}

export type ClusterSpecifierRegistry = ReadonlyMap<string, ClusterSpecifierFactory>;
