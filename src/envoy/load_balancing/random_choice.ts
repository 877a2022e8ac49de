import type { Random } from '#sim';
import type { Host } from '../upstream/host.ts';
import type { HostPicker } from './load_balancer.ts';

/** RANDOM: any host, each as likely. */
export class RandomChoice implements HostPicker {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(hosts: readonly Host[]): Host {
    return hosts[this.#random.below(hosts.length)]!;
  }
}
