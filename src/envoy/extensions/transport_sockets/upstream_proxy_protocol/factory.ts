import { bytes } from '../../../network/payload.ts';
import {
  compileUpstreamTransportSocket,
  type TransportSocketFactory,
  type TransportSocketOptions,
} from '../../../network/transport_socket.ts';

/** Tells the upstream who the client is, in front of all other bytes: transport_sockets/proxy_protocol/proxy_protocol.cc. */
export const upstreamProxyProtocolFactory: TransportSocketFactory = {
  name: 'envoy.transport_sockets.upstream_proxy_protocol',
  types: ['envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport'],
  fidelity: { level: 'partial', notSimulated: ['pass_through_tlvs', 'added_tlvs', 'allow_unspecified_address'] },
  upstream: (config, services) => {
    const inner = compileUpstreamTransportSocket(config.child('transport_socket'), services);
    const header = config.child('config')?.text('version') === 'V2' ? headerV2 : headerV1;
    return { ...inner, node: config, preamble: (options) => bytes(header(options)) };
  },
};

const split = (address: string): [string, number] => {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon), Number(address.slice(colon + 1))];
};

/** Without a client, as a health check has none, it is UNKNOWN. */
function headerV1({ downstream }: TransportSocketOptions): string {
  if (!downstream) return 'PROXY UNKNOWN\r\n';
  const [source, sourcePort] = split(downstream.remoteAddress);
  const [destination, destinationPort] = split(downstream.localAddress);
  const family = source.includes(':') ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`;
}

const V2_SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** Simplified: IPv4 alone, for all addresses here are. */
function headerV2({ downstream }: TransportSocketOptions): string {
  if (!downstream) return `${V2_SIGNATURE}\x20\0\0\0`;
  const word = (value: number): string => String.fromCharCode(value >> 8, value & 0xff);
  const [source, sourcePort] = split(downstream.remoteAddress);
  const [destination, destinationPort] = split(downstream.localAddress);
  const address = (text: string): string => String.fromCharCode(...text.split('.').map(Number));
  return `${V2_SIGNATURE}\x21\x11${word(12)}${address(source)}${address(destination)}${word(sourcePort)}${word(destinationPort)}`;
}
