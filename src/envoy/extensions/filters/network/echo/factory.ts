import type { NetworkFilterFactory } from '../../../../network/filter.ts';

/** Sends back what comes: extensions/filters/network/echo/echo.cc. */
export const echoFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.echo',
  type: 'envoy.extensions.filters.network.echo.v3.Echo',
  fidelity: { level: 'full', notSimulated: [] },
  compile: () => (connection) => ({
    onData: (payload, endStream) => {
      connection.write(payload, endStream);
      return 'stop_iteration';
    },
  }),
};
