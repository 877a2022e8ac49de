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
    notSimulated: ['on_demand', 'check_drain_close', 'proxy_protocol_tlv_merge_policy'],
  },
  compile: (config, context) => {
    const compiled = compileTcpProxy(config, context);
    createStats(context.stats, compiled.statPrefix, TCP_PROXY_STATS);
    return (connection) => new TcpProxy(compiled, context, connection);
  },
};
