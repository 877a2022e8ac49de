import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';

const PARTS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** `type.v3.FractionalPercent`: whether a request is among its share. Without one the answer is `otherwise`. */
export function isDrawn(node: ConfigNode | undefined, random: Random, otherwise = false): boolean {
  if (!node) return otherwise;
  return random.below(PARTS[node.text('denominator') ?? 'HUNDRED']!) < (node.number('numerator') ?? 0);
}
