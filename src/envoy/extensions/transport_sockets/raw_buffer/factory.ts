import type { TransportSocketFactory } from '../../../network/transport_socket.ts';

/** Bytes as they are. */
export const rawBufferFactory: TransportSocketFactory = {
  name: 'envoy.transport_sockets.raw_buffer',
  types: ['envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer'],
  fidelity: { level: 'full', notSimulated: [] },
  downstream: () => ({}),
  upstream: (config) => ({ node: config }),
};
