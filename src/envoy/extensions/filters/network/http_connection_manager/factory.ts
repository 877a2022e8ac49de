import { ConnectionManager } from '../../../../http/connection_manager.ts';
import { ServerConnection } from '../../../../http/server_connection.ts';
import type { NetworkFilterFactory } from '../../../../network/filter.ts';

export const httpConnectionManagerFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.http_connection_manager',
  type: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  fidelity: { level: 'partial', notSimulated: [] },
  logsStreams: true,
  compile: (config, context) => {
    const manager = new ConnectionManager(config, context, {
      statPrefix: context.listenerPrefix,
      isOutbound: context.isOutbound,
    });
    context.onRelease(() => manager.release());
    return (connection) => new ServerConnection(manager, connection);
  },
};
