import type { NetworkFilterFactory } from '../../../../network/filter.ts';
import { compileTcpProxy } from './config.ts';
import { TcpProxy } from './tcp_proxy.ts';

const COUNTERS = [
  'downstream_cx_no_route',
  'downstream_cx_rx_bytes_total',
  'downstream_cx_total',
  'downstream_cx_tx_bytes_total',
  'downstream_flow_control_paused_reading_total',
  'downstream_flow_control_resumed_reading_total',
  'early_data_received_count_total',
  'idle_timeout',
  'max_downstream_connection_duration',
  'route_delayed_total',
  'upstream_flush_total',
];

export const tcpProxyFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.tcp_proxy',
  type: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  fidelity: {
    level: 'partial',
    notSimulated: ['on_demand', 'check_drain_close', 'proxy_protocol_tlv_merge_policy'],
  },
  compile: (config, context) => {
    const compiled = compileTcpProxy(config, context);
    context.stats.declare(...COUNTERS.map((name) => compiled.statPrefix + name));
    context.stats.set(`${compiled.statPrefix}upstream_flush_active`, 0);
    return (connection) => new TcpProxy(compiled, context, connection);
  },
};
