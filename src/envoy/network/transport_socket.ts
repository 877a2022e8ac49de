import type { ConfigNode } from '../config_node.ts';
import type { Certificates } from './certificate.ts';
import type { EstablishedTls, SeenTls, ServerTls } from '../seams.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { ProxyTlv } from './proxy_tlv.ts';
import type { ClientHello, ServerHello } from './payload.ts';

/** How a handshake went: what both sides know now, or why there is no connection. */
export type Handshake =
  /** `counter`: of a certificate that was found wrong and let in. */
  | { readonly tls: EstablishedTls; readonly shown: ServerHello; readonly counter?: HandshakeCounter }
  | { readonly failure: string; readonly counter: HandshakeCounter };

/** `ssl.NAME` of a listener or cluster. */
export type HandshakeCounter =
  'connection_error' | 'fail_verify_no_cert' | 'fail_verify_error' | 'fail_verify_san' | 'fail_verify_cert_hash';

/** What stands between a client's bytes and the network filters. Undefined handshake: bytes pass as they are. */
export interface DownstreamTransportSocket {
  readonly handshake?: (hello: ClientHello) => Handshake;
}

/** What a connection upstream depends on beyond its cluster: connections are shared only where it is the same. */
export interface TransportSocketOptions {
  /** `auto_sni` of the request. */
  readonly sni?: string;
  /** `auto_san_validation` of the request. */
  readonly verifySans?: readonly string[];
  readonly alpn?: readonly string[];
  /** Who the client is, for the PROXY protocol. */
  readonly downstream?: {
    readonly remoteAddress: string;
    readonly localAddress: string;
    readonly tlvs?: readonly ProxyTlv[];
    /** What formats of further ones are filled from. */
    readonly context?: FormatterContext;
  };
}

export type UpstreamHandshake =
  | { readonly seen: SeenTls; readonly established: EstablishedTls }
  | { readonly failure: string; readonly counter: HandshakeCounter };

/** What stands between a connection pool and the upstream. */
export interface UpstreamTransportSocket {
  readonly node: ConfigNode | undefined;
  /** Undefined: no TLS. */
  readonly handshake?: (server: ServerTls | undefined, options: TransportSocketOptions) => UpstreamHandshake;
  /** What is written before anything else. */
  readonly preamble?: (options: TransportSocketOptions) => string;
}

export interface TransportSocketFactory {
  readonly name: string;
  readonly types: readonly string[];
  readonly fidelity: { readonly level: 'full' | 'partial'; readonly notSimulated: readonly string[] };
  downstream?(config: ConfigNode, services: TransportSocketServices): DownstreamTransportSocket;
  upstream?(config: ConfigNode, services: TransportSocketServices): UpstreamTransportSocket;
}

/** What transport sockets look things up in, at each handshake anew. */
export interface TransportSocketServices {
  readonly certificates: Certificates;
  /** `Secret` by name, as far as they have come. */
  readonly secrets: { get(name: string): ConfigNode | undefined };
  readonly transportSockets: TransportSocketRegistry;
}

export type TransportSocketRegistry = ReadonlyMap<string, TransportSocketFactory>;

const typeOf = (config: ConfigNode): string => (config.text('@type') ?? '').replace(/^.*\//, '');

const RAW_DOWNSTREAM: DownstreamTransportSocket = {};

export function compileDownstreamTransportSocket(
  chain: ConfigNode,
  services: TransportSocketServices,
): DownstreamTransportSocket {
  const config = chain.child('transport_socket')?.child('typed_config');
  return (config && services.transportSockets.get(typeOf(config))?.downstream?.(config, services)) ?? RAW_DOWNSTREAM;
}

export function compileUpstreamTransportSocket(
  socket: ConfigNode | undefined,
  services: TransportSocketServices,
): UpstreamTransportSocket {
  const config = socket?.child('typed_config');
  const factory = config && services.transportSockets.get(typeOf(config));
  return (config && factory?.upstream?.(config, services)) ?? { node: socket };
}
