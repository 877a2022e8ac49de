import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;

/** A cluster with its endpoints. Simplified: round robin over all endpoints of the highest priority. */
export class Cluster {
  readonly name: string;
  /** The name in statistics and logs: `alt_stat_name` where it is set. */
  readonly statName: string;
  readonly node: ConfigNode;
  readonly hosts: readonly string[];
  readonly connectTimeoutMs: number;
  #next = 0;

  constructor(node: ConfigNode) {
    this.node = node;
    this.name = node.text('name') ?? '';
    this.statName = node.text('alt_stat_name') ?? this.name;
    this.hosts = node.child('load_assignment')?.list('endpoints').flatMap((locality) => locality.list('lb_endpoints').flatMap(addressOf)) ?? [];
    this.connectTimeoutMs = durationMs(node.text('connect_timeout')) ?? DEFAULT_CONNECT_TIMEOUT_MS;
  }

  chooseHost(): string | undefined {
    return this.hosts.length === 0 ? undefined : this.hosts[this.#next++ % this.hosts.length];
  }
}

function addressOf(endpoint: ConfigNode): string[] {
  const socket = endpoint.child('endpoint')?.child('address')?.child('socket_address');
  return socket ? [`${socket.text('address') ?? ''}:${socket.number('port_value') ?? 0}`] : [];
}
