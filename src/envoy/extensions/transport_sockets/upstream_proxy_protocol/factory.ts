import type { ConfigNode } from '../../../config_node.ts';
import { hostOf, portOf } from '../../../network/address.ts';
import { bitsOfAddress } from '../../../network/cidr.ts';
import { compileProxyTlvs, type ProxyTlv } from '../../../network/proxy_tlv.ts';
import {
  compileUpstreamTransportSocket,
  type TransportSocketFactory,
  type TransportSocketOptions,
} from '../../../network/transport_socket.ts';

/** Tells the upstream who the client is, in front of all other bytes: transport_sockets/proxy_protocol/proxy_protocol.cc. */
export const upstreamProxyProtocolFactory: TransportSocketFactory = {
  name: 'envoy.transport_sockets.upstream_proxy_protocol',
  types: ['envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport'],
  fidelity: { level: 'partial', notSimulated: ['allow_unspecified_address'] },
  upstream: (config, services) => {
    const inner = compileUpstreamTransportSocket(config.child('transport_socket'), services);
    const options = config.child('config');
    const tlvsOf = compileTlvs(options);
    const header = options?.text('version') === 'V2' ? headerV2 : headerV1;
    return { ...inner, node: config, preamble: (given) => header(given, tlvsOf(given)) };
  },
};

type TlvsOf = (options: TransportSocketOptions) => readonly ProxyTlv[];

/** `added_tlvs`, and of those that came with the connection what `pass_through_tlvs` names; of each type the first. */
function compileTlvs(config: ConfigNode | undefined): TlvsOf {
  const added = compileProxyTlvs(config?.list('added_tlvs') ?? []);
  const passed = config?.child('pass_through_tlvs');
  const types = new Set(Array.isArray(passed?.raw('tlv_type')) ? (passed.raw('tlv_type') as number[]) : []);
  const passesAll = passed !== undefined && passed.text('match_type') !== 'INCLUDE';
  return ({ downstream }) => {
    const own = added(downstream?.context);
    const isTaken = new Set(own.map(({ type }) => type));
    const through = (downstream?.tlvs ?? []).filter(({ type }) => passesAll || types.has(type));
    return [...own, ...through.filter(({ type }) => !isTaken.has(type))];
  };
}

const split = (address: string): [string, number] => [hostOf(address), portOf(address)];

/** Without a client, as a health check has none, it is UNKNOWN. */
function headerV1({ downstream }: TransportSocketOptions): string {
  if (!downstream) return 'PROXY UNKNOWN\r\n';
  const [source, sourcePort] = split(downstream.remoteAddress);
  const [destination, destinationPort] = split(downstream.localAddress);
  const family = source.includes(':') ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`;
}

const V2_SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const word = (value: number): string => String.fromCharCode(value >> 8, value & 0xff);

function headerV2({ downstream }: TransportSocketOptions, tlvs: readonly ProxyTlv[]): string {
  const extra = tlvs.map(({ type, value }) => `${String.fromCharCode(type)}${word(value.length)}${value}`).join('');
  if (!downstream) return `${V2_SIGNATURE}\x20\0${word(extra.length)}${extra}`;
  const [source, sourcePort] = split(downstream.remoteAddress);
  const [destination, destinationPort] = split(downstream.localAddress);
  const family = source.includes(':') ? '\x21' : '\x11';
  const addresses = packed(source) + packed(destination) + word(sourcePort) + word(destinationPort);
  return `${V2_SIGNATURE}\x21${family}${word(addresses.length + extra.length)}${addresses}${extra}`;
}

/** An address in its 4 or 16 bytes. */
function packed(address: string): string {
  const bits = bitsOfAddress(address) ?? '';
  return (bits.match(/.{8}/g) ?? []).map((eight) => String.fromCharCode(parseInt(eight, 2))).join('');
}
