import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { HeaderMutation } from '../http/header_mutation.ts';

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

/** How a route action names the cluster of a request: outright, by a header, or by weight. */
export type ChooseCluster = (headers: HeaderMap, random: Random) => ClusterChoice;

export function compileClusterChoice(action: ConfigNode): ChooseCluster {
  const header = action.text('cluster_header')?.toLowerCase();
  if (header !== undefined) return (headers) => ({ name: headers.get(header) });
  const weighted = action.child('weighted_clusters');
  if (weighted) return compileWeighted(weighted);
  const name = action.text('cluster');
  return () => ({ name });
}

function compileWeighted(node: ConfigNode): ChooseCluster {
  const clusters = node.list('clusters').map((one) => new WeightedCluster(one));
  const weightTotal = clusters.reduce((sum, one) => sum + one.weight, 0);
  const ticketHeader = node.text('header_name')?.toLowerCase();
  return (headers, random) => {
    const given = ticketHeader === undefined ? undefined : headers.get(ticketHeader);
    let ticket =
      given !== undefined && /^\d+$/.test(given)
        ? Number(BigInt(given) % BigInt(weightTotal))
        : random.below(weightTotal);
    const weighted = clusters.find((one) => (ticket -= one.weight) < 0)!;
    const clusterHeader = weighted.node.text('cluster_header')?.toLowerCase();
    return { name: clusterHeader === undefined ? weighted.node.text('name') : headers.get(clusterHeader), weighted };
  };
}
