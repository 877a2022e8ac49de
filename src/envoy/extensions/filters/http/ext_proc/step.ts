import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { Side } from './sides.ts';

/** One question to the processor, and what is done with its answer. */
export interface Step {
  readonly side: Side;
  readonly part: 'headers' | 'body' | 'trailers';
  readonly messages: readonly JsonObject[];
  /** The next one may be answered first. */
  readonly isOpen?: boolean;
  /** Gets what the answer says, and goes on; `more`: the step waits for another answer. */
  readonly apply: (answer: ConfigNode | undefined) => 'more' | void;
}

/** The field of an answer that is meant. */
export const kindOf = ({ side, part }: Step): string => `${side.direction}_${part}`;
