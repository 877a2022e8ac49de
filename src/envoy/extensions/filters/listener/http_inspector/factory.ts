import { sizeOf } from '../../../../network/payload.ts';
import type { ListenerFilterFactory, AcceptedSocket } from '../../../../network/listener_filter.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import { readFirstLine } from './first_line.ts';

const COUNTERS = ['read_error', 'http10_found', 'http11_found', 'http2_found', 'http_not_found'] as const;
const FOUND = { 'http/1.0': 'http10_found', 'http/1.1': 'http11_found', h2c: 'http2_found' } as const;
const MAX_INSPECT_BYTES = 64 * 1024;

/** The version by the first line. A ClientHello, which has many a line feed in it, is none. */
const versionOf = ({ first, hello }: AcceptedSocket): ReturnType<typeof readFirstLine> =>
  hello ? undefined : first ? readFirstLine(first) : 'incomplete';

/** Tells HTTP/1 and HTTP/2 apart before a chain is chosen: extensions/filters/listener/http_inspector/http_inspector.cc. */
export const httpInspectorFactory: ListenerFilterFactory = {
  name: 'envoy.filters.listener.http_inspector',
  type: 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, { stats, trace }) => {
    const counters = createStats(stats, 'http_inspector.', { counters: COUNTERS });
    const tell = (isFound: boolean, sentence: string): void =>
      trace?.record({
        kind: isFound ? 'http_detected' : 'http_not_detected',
        state: 'info',
        because: config.ref,
        sentence,
      });
    return (socket) => {
      // What a tls_inspector has found to be TLS is left alone.
      if (socket.detected.transportProtocol === 'tls') return 'continue';
      const version = versionOf(socket);
      if (version === 'incomplete') {
        if (!socket.first || sizeOf(socket.first) < MAX_INSPECT_BYTES) return 'wait';
        counters.read_error.inc();
        tell(false, `The first line has more than ${MAX_INSPECT_BYTES} bytes: the connection is closed.`);
        return 'close';
      }
      counters[version === undefined ? 'http_not_found' : FOUND[version]].inc();
      if (version === undefined) {
        tell(false, 'The first bytes are not those of HTTP.');
        return 'continue';
      }
      socket.detected.applicationProtocols = [version];
      tell(true, `The first bytes are those of ${version}.`);
      return 'continue';
    };
  },
};
