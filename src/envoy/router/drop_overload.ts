import type { Random } from '#sim';
import type { Stream } from '../http/stream.ts';
import { isDrawn } from '../matching/fractional_percent.ts';
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

const STATUS = 503;
const PARTS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };
