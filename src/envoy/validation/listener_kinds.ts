import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { refuseIf, typeOf } from './check.ts';

/** What a listener over UDP, of an API, or inside Envoy cannot have: listener_impl.cc. */
export function checkListenerKind(node: ConfigNode, address: string): Diagnostic[] {
  const socket = node.child('address')?.child('socket_address');
  const name = node.text('name') ?? '';
  const chains = node.list('filter_chains').length;
  const isUdp = socket?.text('protocol') === 'UDP';
  return [
    ...refuseIf(
      isUdp && chains > 0 && !node.child('udp_listener_config')?.has('quic_options'),
      node,
      ['filter_chains'],
      'UDP has no connections, so a UDP listener has no `filter_chains`.',
      `error adding listener '${address}': ${chains} filter chain(s) specified for connection-less UDP listener.`,
    ),
    ...refuseIf(
      node.has('api_listener'),
      node,
      ['api_listener'],
      'An `api_listener` is for Envoy inside a mobile application.',
      `error adding listener named '${name}': missing the API listener extension`,
    ),
    ...refuseIf(
      node.has('internal_listener') && node.has('address'),
      node,
      ['address'],
      'An internal listener is found by its name: it has no `address`.',
      `error adding listener '${name}': address should not be used when an internal listener config is provided`,
    ),
    ...refuseIf(
      socket?.has('named_port') === true,
      node,
      ['address', 'socket_address', 'named_port'],
      'A listener needs a number for its port: `port_value` in place of `named_port`.',
      "IP resolver can't handle port specifier type 4",
    ),
    ...(node.has('udp_listener_config') || isUdp ? [] : checkCodecs(node)),
  ];
}

function checkCodecs(node: ConfigNode): Diagnostic[] {
  return node
    .list('filter_chains')
    .filter((chain) => !typeOf(chain.child('transport_socket')?.child('typed_config')).includes('Quic'))
    .flatMap((chain) => chain.list('filters'))
    .flatMap((filter) =>
      refuseIf(
        filter.child('typed_config')?.text('codec_type') === 'HTTP3',
        filter,
        ['typed_config', 'codec_type'],
        '`codec_type: HTTP3` goes over QUIC, and this listener is one of TCP.',
        'HTTP/3 codec configured on non-QUIC listener.',
      ),
    );
}
