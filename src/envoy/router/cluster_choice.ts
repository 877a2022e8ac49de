import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { HeaderMutation } from '../http/header_mutation.ts';
import { hashOf } from '../load_balancing/hash_policy.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ChoiceFacts, ClusterSpecifier } from './cluster_specifier.ts';

/** One entry of `weighted_clusters`, with the headers of its own. */
export class WeightedCluster {
  readonly node: ConfigNode;
  readonly weight: number;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;

  constructor(node: ConfigNode) {
    this.node = node;
    this.weight = node.number('weight') ?? 0;
    this.requestHeaders = new HeaderMutation(node, 'request');
    this.responseHeaders = new HeaderMutation(node, 'response');
  }
}

export interface ClusterChoice {
  readonly name: string | undefined;
  readonly weighted?: WeightedCluster;
}

/** How a route action names the cluster of a request: outright, by a header, by weight, or by a plugin. */
export type ChooseCluster = (facts: ChoiceFacts, random: Random) => ClusterChoice;

/** The plugin that an action names or brings along. */
export type PluginOf = (action: ConfigNode) => ClusterSpecifier | undefined;

export function compileClusterChoice(action: ConfigNode, pluginOf: PluginOf): ChooseCluster {
  const header = action.text('cluster_header')?.toLowerCase();
  if (header !== undefined) return ({ request }) => ({ name: request.get(header) });
  const weighted = action.child('weighted_clusters');
  if (weighted) return compileWeighted(weighted, action.list('hash_policy'));
  const plugin = pluginOf(action);
  if (plugin) return (facts, drawn) => ({ name: plugin(facts, drawn) });
  const name = action.text('cluster');
  return () => ({ name });
}

function compileWeighted(node: ConfigNode, hashPolicy: readonly ConfigNode[]): ChooseCluster {
  const clusters = node.list('clusters').map((one) => new WeightedCluster(one));
  const ticketHeader = node.text('header_name')?.toLowerCase();
  const usesHash = node.flag('use_hash_policy') && hashPolicy.length > 0;
  const prefix = node.text('runtime_key_prefix') ?? '';
  const weightOf = ({ node: one, weight }: WeightedCluster, runtime: Runtime | undefined): number =>
    prefix === '' ? weight : (runtime?.integer(`${prefix}.${one.text('name') ?? ''}`, weight) ?? weight);
  return (facts, random) => {
    const { request, runtime } = facts;
    const weights = clusters.map((one) => weightOf(one, runtime));
    const total = weights.reduce((sum, one) => sum + one, 0);
    const given = ticketHeader === undefined ? undefined : numberIn(request.all(ticketHeader));
    const drawn = given ?? (usesHash ? hashOf(hashPolicy, facts) : undefined);
    let ticket = drawn === undefined ? random.below(total) : Number(drawn % BigInt(total));
    const weighted = clusters.find((_, i) => (ticket -= weights[i]!) < 0)!;
    const clusterHeader = weighted.node.text('cluster_header')?.toLowerCase();
    return { name: clusterHeader === undefined ? weighted.node.text('name') : request.get(clusterHeader), weighted };
  };
}

/** A header with several values says nothing. */
const numberIn = (values: readonly string[]): bigint | undefined =>
  values.length === 1 && /^\d+$/.test(values[0]!) ? BigInt(values[0]!) : undefined;
