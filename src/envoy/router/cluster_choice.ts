import type { Random } from '#sim';
import type { HeaderMap } from '../http/header_map.ts';
import type { Route } from './route.ts';

/** The cluster that a route action names for this request: outright, by a header, or by weight. */
export function clusterNameOf(route: Route, headers: HeaderMap, random: Random): string | undefined {
  const action = route.action!;
  const header = action.text('cluster_header');
  if (header !== undefined) return headers.get(header.toLowerCase());
  const weighted = action.child('weighted_clusters');
  if (!weighted) return action.text('cluster');
  const clusters = weighted.list('clusters');
  const weightTotal = clusters.reduce((sum, one) => sum + (one.number('weight') ?? 0), 0);
  let ticket = random.below(weightTotal);
  for (const one of clusters) {
    ticket -= one.number('weight') ?? 0;
    if (ticket < 0) return one.text('name');
  }
  return undefined;
}
