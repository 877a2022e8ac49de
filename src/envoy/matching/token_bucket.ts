import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';

/** `type.v3.TokenBucket`: full at the start, and filled at every interval. */
export class TokenBucket {
  readonly #max: number;
  readonly #perFill: number;
  readonly #intervalMs: number;
  #tokens: number;
  #filledMs: number;

  constructor(node: ConfigNode, nowMs: number) {
    this.#max = node.number('max_tokens') ?? 0;
    this.#perFill = node.number('tokens_per_fill') ?? 1;
    this.#intervalMs = durationMs(node.text('fill_interval')) ?? 0;
    this.#tokens = this.#max;
    this.#filledMs = nowMs;
  }

  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  get max(): number {
    return this.#max;
  }

  get remaining(): number {
    return this.#tokens;
  }

  resetSeconds(nowMs: number): number {
    return Math.ceil((this.#filledMs + this.#intervalMs - nowMs) / 1000);
  }

  #fill(nowMs: number): void {
    const fills = this.#intervalMs > 0 ? Math.floor((nowMs - this.#filledMs) / this.#intervalMs) : 0;
    if (fills <= 0) return;
    this.#tokens = Math.min(this.#max, this.#tokens + fills * this.#perFill);
    this.#filledMs += fills * this.#intervalMs;
  }
}
