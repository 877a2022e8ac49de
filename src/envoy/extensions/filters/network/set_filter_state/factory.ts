import type { NetworkFilterFactory } from '../../../../network/filter.ts';
import { connectionContext } from '../../../../network/log_context.ts';
import { compileFilterState } from '../../../../stream_info/set_filter_state.ts';

/** Puts texts into the filter state of the connection, which its requests see: extensions/filters/network/set_filter_state/filter.cc. */
export const setFilterStateNetworkFilterFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.set_filter_state',
  type: 'envoy.extensions.filters.network.set_filter_state.v3.Config',
  fidelity: { level: 'partial', notSimulated: ['on_downstream_tls_handshake', 'on_downstream_data'] },
  compile: (config, { trace }) => {
    const set = compileFilterState(config.list('on_new_connection'));
    return (connection) => ({
      onNewConnection: () => {
        set(connection.filterState, connectionContext(connection));
        trace?.record({
          kind: 'filter_state_set',
          state: 'info',
          because: config.ref,
          sentence: `The connection has ${[...connection.filterState].map(([key, value]) => `\`${key}\` "${value}"`).join(', ')}.`,
        });
        return 'continue';
      },
    });
  },
};
