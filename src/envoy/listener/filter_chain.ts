import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { compileNetworkFilters, type CompiledNetworkFilter, type NetworkFilterContext } from '../network/filter.ts';
import { compileDownstreamTransportSocket, type DownstreamTransportSocket } from '../network/transport_socket.ts';
import type { ListenerServices } from './listener_services.ts';

/** One filter chain of a listener: what a connection has to be like, and what becomes of it. */
export interface FilterChain {
  readonly name: string;
  readonly node: ConfigNode;
  readonly match: ConfigNode | undefined;
  readonly filters: readonly CompiledNetworkFilter[];
  /** Its streams are logged, and not the connection. */
  readonly logsStreams: boolean;
  readonly transportSocket: DownstreamTransportSocket;
  /** How long a handshake may take. */
  readonly connectTimeoutMs: number | undefined;
}

export const compileFilterChain = (
  node: ConfigNode,
  services: ListenerServices & NetworkFilterContext,
): FilterChain => ({
  name: node.text('name') ?? '',
  node,
  match: node.child('filter_chain_match'),
  ...compileNetworkFilters(node, services.networkFilters, services),
  transportSocket: compileDownstreamTransportSocket(node, services),
  connectTimeoutMs: durationMs(node.text('transport_socket_connect_timeout')),
});
