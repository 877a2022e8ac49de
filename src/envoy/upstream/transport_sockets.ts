import type { ConfigNode } from '../config_node.ts';
import {
  compileUpstreamTransportSocket,
  type TransportSocketServices,
  type UpstreamTransportSocket,
} from '../network/transport_socket.ts';
import type { Host } from './host.ts';

/** Which transport socket a host of a cluster gets: upstream/transport_socket_match_impl.cc. */
export class TransportSockets {
  readonly #matches: readonly {
    readonly wanted: readonly [string, unknown][];
    readonly socket: UpstreamTransportSocket;
  }[];
  readonly #fallback: UpstreamTransportSocket;
  readonly #known = new WeakMap<Host, UpstreamTransportSocket>();

  constructor(cluster: ConfigNode, services: TransportSocketServices) {
    this.#fallback = compileUpstreamTransportSocket(cluster.child('transport_socket'), services);
    this.#matches = cluster.list('transport_socket_matches').map((one) => ({
      wanted: Object.entries(one.child('match')?.value ?? {}),
      socket: compileUpstreamTransportSocket(one.child('transport_socket'), services),
    }));
  }

  /** The first whose match the metadata of the endpoint fulfils, or that of the cluster. */
  of(host: Host): UpstreamTransportSocket {
    if (this.#matches.length === 0) return this.#fallback;
    let socket = this.#known.get(host);
    if (!socket) this.#known.set(host, (socket = this.#find(host)));
    return socket;
  }

  #find(host: Host): UpstreamTransportSocket {
    const metadata = host.node
      .child('metadata')
      ?.child('filter_metadata')
      ?.child('envoy.transport_socket_match')?.value;
    const found = this.#matches.find(({ wanted }) => wanted.every(([key, value]) => metadata?.[key] === value));
    return found?.socket ?? this.#fallback;
  }
}
