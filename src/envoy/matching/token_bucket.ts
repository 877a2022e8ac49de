import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';

/**
 * `type.v3.TokenBucket`: full at the start, and filled little by little, not at the end of an interval
 * (common/common/token_bucket_impl.cc, AtomicTokenBucketImpl).
 */
export class TokenBucket {
  readonly #max: number;
  readonly #perFill: number;
  readonly #intervalMs: number;
  /** In parts of a token, `intervalMs` of them each: whole numbers, however the time goes. */
  #level: number;
  #filledMs: number;

  constructor(node: ConfigNode, nowMs: number) {
    this.#max = node.number('max_tokens') ?? 0;
    this.#perFill = node.number('tokens_per_fill') ?? 1;
    this.#intervalMs = Math.max(1, durationMs(node.text('fill_interval')) ?? 0);
    this.#level = this.#max * this.#intervalMs;
    this.#filledMs = nowMs;
  }

  take(nowMs: number, tokens = 1): boolean {
    this.#fill(nowMs);
    if (this.#level < tokens * this.#intervalMs) return false;
    this.#level -= tokens * this.#intervalMs;
    return true;
  }

  get max(): number {
    return this.#max;
  }

  get remaining(): number {
    return Math.floor(this.#level / this.#intervalMs);
  }

  /** How many tokens come in a millisecond. */
  get fillRate(): number {
    return this.#perFill / this.#intervalMs;
  }

  /** Until there is a token again: 0 while there is one. */
  resetSeconds(nowMs: number): number {
    this.#fill(nowMs);
    const missing = this.#intervalMs - this.#level;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perFill / 1000);
  }

  #fill(nowMs: number): void {
    this.#level = Math.min(this.#max * this.#intervalMs, this.#level + (nowMs - this.#filledMs) * this.#perFill);
    this.#filledMs = nowMs;
  }
}
