import { durationMs } from '#api';
import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';

/** What a check changed: nothing, the host's health, or it is on its way there. */
export type Transition = 'unchanged' | 'changed' | 'pending';

export interface HealthIntervals {
  /** How long until the next check. */
  next(isPass: boolean, transition: Transition, hasTraffic: boolean): number;
}

const DEFAULT_NO_TRAFFIC_MS = 60_000;

/** The waits between checks: health_checker_base_impl.cc, interval. A cluster that nobody uses is asked less often. */
export function healthIntervals(node: ConfigNode, random: Random): HealthIntervals {
  const ms = (name: string): number | undefined => durationMs(node.text(name));
  const interval = ms('interval') ?? 0;
  const unhealthy = ms('unhealthy_interval') ?? interval;
  const unhealthyEdge = ms('unhealthy_edge_interval') ?? unhealthy;
  const healthyEdge = ms('healthy_edge_interval') ?? interval;
  const noTraffic = ms('no_traffic_interval') ?? DEFAULT_NO_TRAFFIC_MS;
  const noTrafficHealthy = ms('no_traffic_healthy_interval') ?? noTraffic;
  const jitterMs = ms('interval_jitter') ?? 0;
  const jitterPercent = node.number('interval_jitter_percent') ?? 0;
  const base = (isPass: boolean, transition: Transition, hasTraffic: boolean): number => {
    if (!hasTraffic) return isPass ? noTrafficHealthy : noTraffic;
    if (isPass) return transition === 'pending' ? healthyEdge : interval;
    return transition === 'pending' ? unhealthyEdge : unhealthy;
  };
  return {
    next: (isPass, transition, hasTraffic) => {
      const waitMs = base(isPass, transition, hasTraffic);
      const spread = jitterMs + Math.floor((waitMs * jitterPercent) / 100);
      return waitMs + (spread > 0 ? random.below(spread) : 0);
    },
  };
}
