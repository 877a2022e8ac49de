import type { AcceptedSocket, ListenerFilterFactory } from '../../../../network/listener_filter.ts';
import { bytes } from '../../../../network/payload.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import type { StatsStore } from '../../../../stats/store.ts';
import { readProxyHeader, type ProxyHeader } from './header.ts';

/** Takes the addresses of a connection from the header in front of it: extensions/filters/listener/proxy_protocol. */
export const proxyProtocolFactory: ListenerFilterFactory = {
  name: 'envoy.filters.listener.proxy_protocol',
  type: 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  fidelity: { level: 'partial', notSimulated: ['rules', 'pass_through_tlvs', 'tlv_location'] },
  compile: (config, { stats, trace }) => {
    const isOptional = config.flag('allow_requests_without_proxy_protocol');
    const disallowed = config.texts('disallowed_versions').map((one) => one.toLowerCase());
    const prefix = ['proxy_proto.', config.text('stat_prefix') ?? ''].join('');
    const counters = compileStats(stats, prefix.endsWith('.') ? prefix : `${prefix}.`);
    const tell = (isOk: boolean, sentence: string): void =>
      trace?.record({ kind: 'proxy_protocol', state: isOk ? 'matched' : 'failed', because: config.ref, sentence });
    return (socket) => {
      const text = textOf(socket);
      if (text === undefined) return 'wait';
      const header = readProxyHeader(text);
      if (header === 'incomplete') return 'wait';
      if (header === 'none') {
        counters[isOptional ? 'not_found_allowed' : 'not_found_disallowed'].inc();
        tell(isOptional, `There is no PROXY header: the connection ${isOptional ? 'goes on as it is' : 'is closed'}.`);
        return isOptional ? 'continue' : 'close';
      }
      const version = versionOf(text);
      if (disallowed.includes(version)) {
        counters[`versions.${version}.found`].inc();
        counters[`versions.${version}.disallowed`].inc();
        tell(false, `Version ${version} of the PROXY protocol is not allowed: the connection is closed.`);
        return 'close';
      }
      counters[`versions.${version}.${header === 'malformed' ? 'error' : 'found'}`].inc();
      if (header === 'malformed') {
        tell(false, 'The PROXY header cannot be read: the connection is closed.');
        return 'close';
      }
      tell(true, `The PROXY header says that the client is ${header.addresses?.remote ?? 'who it seems to be'}.`);
      take(socket, header, text);
      return 'continue';
    };
  },
};

const COUNTERS = [
  'not_found_disallowed',
  'not_found_allowed',
  'versions.v1.found',
  'versions.v1.disallowed',
  'versions.v1.error',
  'versions.v2.found',
  'versions.v2.disallowed',
  'versions.v2.error',
] as const;

const compileStats = (stats: StatsStore, prefix: string) => createStats(stats, prefix, { counters: COUNTERS });

const versionOf = (text: string): 'v1' | 'v2' => (text.startsWith('PROXY') ? 'v1' : 'v2');

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
