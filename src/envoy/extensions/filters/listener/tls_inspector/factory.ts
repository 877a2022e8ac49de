import type { Detected } from '../../../../network/detected.ts';
import type { AcceptedSocket, ListenerFilterFactory } from '../../../../network/listener_filter.ts';
import { bytes, sizeOf, type ClientHello } from '../../../../network/payload.ts';
import { createStats } from '../../../../stats/stat_set.ts';

const COUNTERS = [
  'client_hello_too_large',
  'tls_found',
  'tls_not_found',
  'alpn_found',
  'alpn_not_found',
  'sni_found',
  'sni_not_found',
] as const;
/** Of the record that a ClientHello would come in. */
const RECORD_HEADER_BYTES = 5;

/** Whether the bytes could still become a ClientHello. */
const isTooShort = ({ first }: AcceptedSocket): boolean =>
  !first ||
  (first.kind === 'bytes' && (first.text.length < RECORD_HEADER_BYTES || /^\x16\x03[\0-\x03]/.test(first.text)));

function take({ alpn, sni }: ClientHello, detected: Detected): void {
  detected.transportProtocol = 'tls';
  detected.applicationProtocols = alpn ?? [];
  // Names are compared in lower case: connection_socket_impl.h, setRequestedServerName.
  if (sni !== undefined) detected.sni = sni.toLowerCase();
}

/** Reads the ClientHello, without a key: extensions/filters/listener/tls_inspector/tls_inspector.cc. */
export const tlsInspectorFactory: ListenerFilterFactory = {
  name: 'envoy.filters.listener.tls_inspector',
  type: 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  fidelity: { level: 'partial', notSimulated: ['enable_ja3_fingerprinting', 'enable_ja4_fingerprinting'] },
  compile: (config, { stats, trace }) => {
    const inspected = createStats(stats, 'tls_inspector.', { counters: COUNTERS, histograms: ['bytes_processed'] });
    const closesOnErrors = config.flag('close_connection_on_client_hello_parsing_errors');
    const tell = (sentence: string): void =>
      trace?.record({
        kind: 'tls_not_detected',
        state: closesOnErrors ? 'failed' : 'info',
        because: config.ref,
        sentence,
      });
    return (socket) => {
      const { hello, detected } = socket;
      if (!hello && isTooShort(socket)) return 'wait';
      inspected[hello ? 'tls_found' : 'tls_not_found'].inc();
      inspected.bytes_processed.record(hello ? sizeOf({ kind: 'tls', hello, inner: bytes('') }) : RECORD_HEADER_BYTES);
      if (!hello) {
        socket.metadata['envoy.filters.listener.tls_inspector'] = { failure_reason: 'ClientHelloNotDetected' };
        tell(`The first bytes are no ClientHello: the connection ${closesOnErrors ? 'is closed' : 'counts as plain'}.`);
        return closesOnErrors ? 'close' : 'continue';
      }
      inspected[hello.alpn?.length ? 'alpn_found' : 'alpn_not_found'].inc();
      inspected[hello.sni ? 'sni_found' : 'sni_not_found'].inc();
      take(hello, detected);
      trace?.record({
        kind: 'tls_detected',
        state: 'info',
        because: config.ref,
        sentence: `The client starts TLS: server name ${hello.sni ?? '(none)'}, ALPN ${hello.alpn?.join(', ') ?? '(none)'}.`,
      });
      return 'continue';
    };
  },
};
