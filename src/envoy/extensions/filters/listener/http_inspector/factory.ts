import type { ListenerFilterFactory } from '../../../../network/listener_filter.ts';
import type { Payload } from '../../../../network/payload.ts';

const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** The protocol of plain HTTP by its first line; undefined where it is something else. */
function protocolOf(first: Payload): string | undefined {
  if (first.kind === 'request') return first.protocol === 'http2' ? 'h2c' : 'http/1.1';
  if (first.kind !== 'bytes') return undefined;
  if (first.text.startsWith(HTTP2_PREFACE)) return 'h2c';
  const [, minor] = /^[A-Z]+ \S+ HTTP\/1\.([01])\r?\n/.exec(first.text) ?? [];
  return minor === undefined ? undefined : `http/1.${minor}`;
}

/** Tells HTTP/1 and HTTP/2 apart before a chain is chosen: extensions/filters/listener/http_inspector/http_inspector.cc. */
export const httpInspectorFactory: ListenerFilterFactory = {
  name: 'envoy.filters.listener.http_inspector',
  type: 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  fidelity: { level: 'full', notSimulated: [] },
  compile:
    (config, { trace }) =>
    (socket) => {
      // What a tls_inspector has found to be TLS is left alone.
      if (socket.detected.transportProtocol === 'tls') return 'continue';
      if (!socket.first && !socket.hello) return 'wait';
      const protocol = socket.first && !socket.hello ? protocolOf(socket.first) : undefined;
      if (protocol !== undefined) socket.detected.applicationProtocols = [protocol];
      trace?.record({
        kind: protocol === undefined ? 'http_not_detected' : 'http_detected',
        state: 'info',
        because: config.ref,
        sentence:
          protocol === undefined
            ? 'The first bytes are not those of HTTP.'
            : `The first bytes are those of ${protocol}.`,
      });
      return 'continue';
    },
};
