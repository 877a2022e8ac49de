import type { AcceptedSocket, ListenerFilterFactory } from '../../../../network/listener_filter.ts';
import { bytes } from '../../../../network/payload.ts';
import { readProxyHeader, type ProxyHeader } from './header.ts';

/** Takes the addresses of a connection from the header in front of it: extensions/filters/listener/proxy_protocol. */
export const proxyProtocolFactory: ListenerFilterFactory = {
  name: 'envoy.filters.listener.proxy_protocol',
  type: 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  fidelity: { level: 'partial', notSimulated: ['rules', 'pass_through_tlvs', 'tlv_location'] },
  compile: (config, { stats, trace }) => {
    const isOptional = config.flag('allow_requests_without_proxy_protocol');
    const disallowed = config.texts('disallowed_versions').map((one) => one.toLowerCase());
    const prefix = ['proxy_proto', config.text('stat_prefix') ?? ''].filter((one) => one !== '').join('.');
    const tell = (isOk: boolean, sentence: string): void =>
      trace?.record({ kind: 'proxy_protocol', state: isOk ? 'matched' : 'failed', because: config.ref, sentence });
    return (socket) => {
      const text = textOf(socket);
      if (text === undefined) return 'wait';
      const header = readProxyHeader(text);
      if (header === 'incomplete') return 'wait';
      if (typeof header === 'object' && !disallowed.includes(header.version)) {
        stats.add(`${prefix}.versions.${header.version}.found`);
        tell(true, `The PROXY header says that the client is ${header.addresses?.remote ?? 'who it seems to be'}.`);
        take(socket, header, text);
        return 'continue';
      }
      const isFine = header === 'none' && isOptional;
      stats.add(
        `${prefix}.${header === 'none' ? (isOptional ? 'not_found_allowed' : 'not_found_disallowed') : 'error'}`,
      );
      tell(
        isFine,
        `There is no PROXY header that is accepted: the connection ${isFine ? 'goes on as it is' : 'is closed'}.`,
      );
      return isFine ? 'continue' : 'close';
    };
  },
};

/** The bytes in front; a whole message or a ClientHello is none of the PROXY protocol. */
function textOf({ first, hello }: AcceptedSocket): string | undefined {
  if (hello) return '\x16';
  return first?.kind === 'bytes' ? first.text : first && 'GET';
}

function take(socket: AcceptedSocket, { length, addresses }: ProxyHeader, text: string): void {
  const rest = text.slice(length);
  socket.first = rest === '' ? undefined : bytes(rest);
  if (!addresses) return;
  const { remote, local } = addresses;
  socket.facts = { ...socket.facts, remoteAddress: remote, localAddress: local, restoredAddress: local };
}
