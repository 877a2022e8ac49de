import { inlineText } from '../../../../data_source.ts';
import type { NetworkFilterFactory } from '../../../../network/filter.ts';
import { bytes } from '../../../../network/payload.ts';

/** Says one thing to everybody, and closes: extensions/filters/network/direct_response/filter.cc. */
export const directResponseFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.direct_response',
  type: 'envoy.extensions.filters.network.direct_response.v3.Config',
  fidelity: { level: 'partial', notSimulated: ['filename'] },
  compile: (config, { trace }) => {
    const source = config.child('response');
    const text = inlineText(source) ?? '';
    return (connection) => ({
      onNewConnection: () => {
        trace?.record({
          kind: 'network_direct_response',
          state: 'matched',
          because: config.ref,
          sentence: `Every connection gets the same ${text.length} bytes and is closed.`,
        });
        if (text !== '') connection.write(bytes(text));
        connection.close();
        return 'stop_iteration';
      },
    });
  },
};
