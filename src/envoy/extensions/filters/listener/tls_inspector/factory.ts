import type { ListenerFilterFactory } from '../../../../network/listener_filter.ts';

/** Reads the ClientHello, without a key: extensions/filters/listener/tls_inspector/tls_inspector.cc. */
export const tlsInspectorFactory: ListenerFilterFactory = {
  name: 'envoy.filters.listener.tls_inspector',
  type: 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  fidelity: { level: 'partial', notSimulated: ['enable_ja3_fingerprinting', 'enable_ja4_fingerprinting'] },
  compile: (config, { stats, trace }) => {
    stats.declare('tls_inspector.tls_found', 'tls_inspector.tls_not_found');
    return (socket) => {
      const { hello, detected } = socket;
      if (!hello && !socket.first) return 'wait';
      stats.add(hello ? 'tls_inspector.tls_found' : 'tls_inspector.tls_not_found');
      if (hello) {
        detected.transportProtocol = 'tls';
        detected.applicationProtocols = hello.alpn ?? [];
        // Names are compared in lower case: connection_socket_impl.h, setRequestedServerName.
        if (hello.sni !== undefined) detected.sni = hello.sni.toLowerCase();
      }
      trace?.record({
        kind: hello ? 'tls_detected' : 'tls_not_detected',
        state: 'info',
        because: config.ref,
        sentence: hello
          ? `The client starts TLS: server name ${hello.sni ?? '(none)'}, ALPN ${hello.alpn?.join(', ') ?? '(none)'}.`
          : 'The first bytes are no ClientHello: the connection counts as plain.',
      });
      return 'continue';
    };
  },
};
