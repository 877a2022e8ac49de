import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { Host } from '../upstream/host.ts';

const DEFAULT_MIN_WEIGHT_PERCENT = 10;
const DEFAULT_AGGRESSION = 1;

/**
 * `slow_start_config`: a host that has just become healthy gets a part of its weight, which grows with the time
 * (load_balancing_policies/common/load_balancer_impl.cc, applySlowStartFactor).
 */
export class SlowStart {
  readonly #windowMs: number;
  readonly #aggression: number;
  readonly #leastShare: number;
  readonly #nowMs: () => number;

  constructor(node: ConfigNode, nowMs: () => number) {
    this.#windowMs = durationMs(node.text('slow_start_window')) ?? 0;
    this.#aggression = node.child('aggression')?.number('default_value') ?? DEFAULT_AGGRESSION;
    this.#leastShare = (node.child('min_weight_percent')?.number('value') ?? DEFAULT_MIN_WEIGHT_PERCENT) / 100;
    this.#nowMs = nowMs;
  }

  /** Whether any of them has less than its weight by now. */
  slows(hosts: readonly Host[]): boolean {
    return hosts.some((host) => this.#shareOf(host) < 1);
  }

  /** The weight that the host has at this moment. */
  readonly weightOf = (host: Host): number => host.weight * this.#shareOf(host);

  #shareOf(host: Host): number {
    const ageMs = this.#nowMs() - host.healthySinceMs;
    if (ageMs >= this.#windowMs || host.health !== 'healthy') return 1;
    const share = Math.max(1, ageMs) / this.#windowMs;
    return Math.max(this.#aggression === 1 ? share : share ** (1 / this.#aggression), this.#leastShare);
  }
}
