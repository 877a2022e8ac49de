import type { NetworkFilterFactory } from '../../../../network/filter.ts';

/** The server name becomes the cluster of the tcp_proxy that follows: extensions/filters/network/sni_cluster/sni_cluster.cc. */
export const sniClusterFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.sni_cluster',
  type: 'envoy.extensions.filters.network.sni_cluster.v3.SniCluster',
  fidelity: { level: 'full', notSimulated: [] },
  compile:
    (config, { trace }) =>
    (connection) => ({
      onNewConnection: () => {
        const sni = connection.log['sni'];
        if (sni !== undefined && sni !== '') connection.filterState.set('envoy.tcp_proxy.cluster', String(sni));
        trace?.record({
          kind: 'sni_cluster',
          state: sni === undefined ? 'failed' : 'matched',
          because: config.ref,
          sentence:
            sni === undefined
              ? 'No tls_inspector has read a server name: the cluster stays that of the tcp_proxy.'
              : `The server name ${sni} is the cluster.`,
        });
        return 'continue';
      },
    }),
};
