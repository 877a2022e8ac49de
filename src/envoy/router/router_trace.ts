import { at } from '#source';
import type { ConfigNode } from '../config_node.ts';
import type { Trace } from '../trace.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';

/** What the router has to say of its tries. */
export class RouterTrace {
  readonly #trace: Trace;
  readonly #cluster: Cluster;

  constructor(trace: Trace, cluster: Cluster) {
    this.#trace = trace;
    this.#cluster = cluster;
  }

  hostChosen(attempt: number, host: Host): void {
    const { node, hosts } = this.#cluster;
    this.#record(
      'host_chosen',
      'matched',
      `Try ${attempt}: ${node.text('lb_policy') ?? 'ROUND_ROBIN'} picks ${host.address}, one of ${hosts.length} endpoints.`,
    );
  }

  outOfTime(action: ConfigNode, ms: number): void {
    const because = action.has('timeout') ? at(action.ref, 'timeout') : action.ref;
    this.failed('response_timeout', `No answer within ${ms} ms, all tries together.`, because);
  }

  /** There is no host, or no pool for it. */
  nowhereToGo(host: Host | undefined): void {
    const what = host ? 'may have no more connection pools: max_connection_pools' : 'has no endpoint to send to';
    this.failed('no_healthy_upstream', `The cluster \`${this.#cluster.name}\` ${what}.`);
  }

  tunnelOpened(status: number): void {
    this.#record('tunnel_opened', 'matched', `The tunnel stands (${status}): bytes pass both ways from here on.`);
  }

  answered(status: number): void {
    this.#record('upstream_answered', 'info', `The upstream answers ${status}.`);
  }

  failed(kind: string, sentence: string, because = this.#cluster.node.ref): void {
    this.#record(kind, 'failed', sentence, because);
  }

  #record(
    kind: string,
    state: 'matched' | 'failed' | 'info',
    sentence: string,
    because = this.#cluster.node.ref,
  ): void {
    this.#trace.record({ kind, state, because, sentence, moment: this.#cluster.moment() });
  }
}
