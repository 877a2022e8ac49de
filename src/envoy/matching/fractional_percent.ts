import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { fractionOf, type Fraction, type Runtime } from '../runtime/runtime.ts';

/** What chance is drawn from, and who may change a share while the proxy runs. */
export interface DrawFacts {
  readonly random: Random;
  readonly runtime: Runtime;
}

/** Whether a request is among a share. */
export type Draw = (facts: DrawFacts) => boolean;

const NONE: Fraction = { numerator: 0, denominator: 100 };

/** `type.v3.FractionalPercent`: whether a request is among its share. Without one the answer is `otherwise`. */
export function isDrawn(node: ConfigNode | undefined, random: Random, otherwise = false): boolean {
  if (!node) return otherwise;
  const { numerator, denominator } = fractionOf(node, NONE);
  return random.below(denominator) < numerator;
}

/** `core.v3.RuntimeFractionalPercent`: what the runtime says of its key, or else its default. */
export function compileDraw(node: ConfigNode | undefined, otherwise = false): Draw {
  if (!node) return () => otherwise;
  const share = fractionOf(node.child('default_value'), NONE);
  return compileKeyedDraw(node.text('runtime_key') ?? '', share);
}

/** A share that a key of the runtime may change. */
export function compileKeyedDraw(key: string, share: Fraction): Draw {
  return ({ random, runtime }) => {
    const { numerator, denominator } = key === '' ? share : runtime.fraction(key, share);
    return random.below(denominator) < numerator;
  };
}
