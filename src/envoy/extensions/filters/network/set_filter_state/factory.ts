import type { NetworkConnection, NetworkFilterFactory } from '../../../../network/filter.ts';
import { connectionContext } from '../../../../network/log_context.ts';
import { compileFilterState } from '../../../../stream_info/set_filter_state.ts';

/** Puts texts into the filter state of the connection, which its requests see: extensions/filters/network/set_filter_state/filter.cc. */
export const setFilterStateNetworkFilterFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.set_filter_state',
  type: 'envoy.extensions.filters.network.set_filter_state.v3.Config',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, { trace }) => {
    const compile = (field: string) => {
      const values = config.list(field);
      const set = compileFilterState(values);
      return (connection: NetworkConnection): void => {
        if (values.length === 0) return;
        set(connection.filterState, connectionContext(connection));
        trace?.record({
          kind: 'filter_state_set',
          state: 'info',
          because: config.ref,
          sentence: `The connection has ${[...connection.filterState].map(([key, value]) => `\`${key}\` "${value}"`).join(', ')}.`,
        });
      };
    };
    const [onNew, onSecured, onData] = ['on_new_connection', 'on_downstream_tls_handshake', 'on_downstream_data'].map(
      compile,
    );
    return (connection) => {
      let hasData = false;
      return {
        onNewConnection: () => {
          onNew!(connection);
          return 'continue';
        },
        onSecured: () => onSecured!(connection),
        onData: () => {
          if (!hasData) onData!(connection);
          hasData = true;
          return 'continue';
        },
      };
    };
  },
};
