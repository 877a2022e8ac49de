import type { NetworkFilterFactory } from '../../../../network/filter.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import { TCP_PROXY_STATS } from './stat_names.ts';
import { compileTcpProxy } from './config.ts';
import { TcpProxy } from './tcp_proxy.ts';

export const tcpProxyFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.tcp_proxy',
  type: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  fidelity: {
    level: 'partial',
    notSimulated: [
      'downstream_idle_timeout',
      'on_demand',
      'backoff_options',
      'proxy_protocol_tlvs',
      'upstream_connect_mode',
    ],
  },
  compile: (config, services) => {
    const compiled = compileTcpProxy(config, services);
    createStats(services.stats, compiled.statPrefix, TCP_PROXY_STATS);
    return (connection) => new TcpProxy(compiled, services, connection);
  },
};
