import type { Random } from '#sim';
import type { Stream } from '../http/stream.ts';
import { isDrawn } from '../matching/fractional_percent.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Trace } from '../trace.ts';
import type { Cluster } from '../upstream/cluster.ts';

/** Answers in place of the upstream where the assignment of the cluster says to drop requests: router.cc, checkDropOverload. */
export function isDropped(
  stream: Stream,
  cluster: Cluster,
  { random, trace }: { random: Random; trace: Trace | undefined },
  onAnswer: (status: number) => void,
): boolean {
  const { dropOverload } = cluster;
  if (!dropOverload || !isDrawn(dropOverload, random)) return false;
  trace?.record({
    kind: 'overload_dropped',
    state: 'failed',
    because: dropOverload.ref,
    sentence: `The endpoints of \`${cluster.name}\` are under drop_overloads: the request is dropped with 503.`,
  });
  const isAll = (dropOverload.number('numerator') ?? 0) >= PARTS[dropOverload.text('denominator') ?? 'HUNDRED']!;
  const [prefix, flag] = isAll ? ['unconditional-', 'UDO'] : ['', 'DO'];
  if (!stream.router.suppressEnvoyHeaders) stream.localHeaders.push([`x-envoy-${prefix}drop-overload`, 'true']);
  onAnswer(STATUS);
  const words = `${prefix}drop-overload`.split('-');
  stream.sendLocalReply(STATUS, words.join(' '), flag, words.join('_'));
  return true;
}

/** `upstream.maintenance_mode.CLUSTER` of the runtime: nothing goes to the cluster for that share of requests. */
export function isInMaintenance(
  stream: Stream,
  cluster: Cluster,
  { random, runtime, trace }: { random: Random; runtime: Runtime; trace: Trace | undefined },
  onAnswer: (status: number) => void,
): boolean {
  const share = runtime.integer(`upstream.maintenance_mode.${cluster.name}`, 0);
  if (share === 0 || random.below(HUNDRED) >= share) return false;
  trace?.record({
    kind: 'maintenance_mode',
    state: 'failed',
    because: cluster.node.ref,
    sentence: `The runtime has \`${cluster.name}\` in maintenance for ${share} % of its requests: 503.`,
  });
  cluster.stats.traffic.upstream_rq_maintenance_mode.inc();
  if (!stream.router.suppressEnvoyHeaders) stream.localHeaders.push(['x-envoy-overloaded', 'true']);
  onAnswer(STATUS);
  stream.sendLocalReply(STATUS, 'maintenance mode', 'UO', 'maintenance_mode');
  return true;
}

const HUNDRED = 100;
const STATUS = 503;
const PARTS: Readonly<Record<string, number>> = { HUNDRED, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };
