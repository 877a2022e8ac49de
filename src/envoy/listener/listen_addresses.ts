import type { ConfigNode } from '../config_node.ts';
import { addressOf } from '../network/address.ts';

const ANY = '0.0.0.0';

/** Where a listener takes connections: its `address` and `additional_addresses`; nowhere without `bind_to_port`. */
export class ListenAddresses {
  readonly #exact = new Set<string>();
  /** `:PORT` of those on all addresses. */
  readonly #wildcards: string[] = [];

  constructor(listener: ConfigNode) {
    if (listener.raw('bind_to_port') === false) return;
    for (const one of [listener, ...listener.list('additional_addresses')]) {
      const socket = one.child('address')?.child('socket_address');
      const [host, port] = [socket?.text('address') ?? '', socket?.number('port_value') ?? 0];
      this.#exact.add(addressOf(host, port));
      if (host === ANY) this.#wildcards.push(`:${port}`);
    }
  }

  fit(address: string): 'exact' | 'wildcard' | undefined {
    if (this.#exact.has(address)) return 'exact';
    return this.#wildcards.some((port) => address.endsWith(port)) ? 'wildcard' : undefined;
  }
}
