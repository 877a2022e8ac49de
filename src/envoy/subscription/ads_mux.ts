import type { AdsStream, AdsStreamCallbacks } from '#xds';
import type { Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { UpstreamNetwork } from '../seams.ts';
import type { StatsStore } from '../stats/store.ts';
import type { Trace } from '../trace.ts';
import type { ClusterManager } from '../upstream/cluster_manager.ts';
import { DeltaMux } from './delta_mux.ts';
import type { Mux, MuxStreamCallbacks } from './mux.ts';
import { MuxStream } from './mux_stream.ts';
import type { ResourceReader } from './resource_reader.ts';
import { SotwMux } from './sotw_mux.ts';

interface MuxServices {
  readonly dispatcher: Dispatcher;
  readonly stats: StatsStore;
  readonly trace: Trace | undefined;
  readonly network: UpstreamNetwork;
  readonly clusters: ClusterManager;
  readonly reader: ResourceReader;
}

/** The mux of an `ApiConfigSource`: state of the world or delta, through the cluster that its gRPC service names. */
export function muxOf(source: ConfigNode, services: MuxServices): Mux {
  const { dispatcher, stats, trace, reader } = services;
  const clusterName = source.list('grpc_services')[0]?.child('envoy_grpc')?.text('cluster_name') ?? '';
  const open = (callbacks: AdsStreamCallbacks): AdsStream | undefined => openStream(clusterName, callbacks, services);
  const streamOf = (callbacks: MuxStreamCallbacks): MuxStream => new MuxStream(open, callbacks, { dispatcher, stats });
  const type = source.text('api_type') ?? '';
  return type.includes('DELTA') ? new DeltaMux(reader, trace, streamOf) : new SotwMux(reader, trace, streamOf);
}

const PLAIN = { isInternal: true, isCanary: false, zone: undefined, altName: undefined };

/** A stream through a cluster, counted as the async client counts a request. */
function openStream(
  clusterName: string,
  callbacks: AdsStreamCallbacks,
  { clusters, network, stats, trace }: MuxServices,
): AdsStream | undefined {
  const cluster = clusters.get(clusterName);
  const host = cluster?.chooseHost({ hash: undefined, subset: undefined });
  if (!cluster || !host) return undefined;
  const { traffic } = cluster.stats;
  let hasAnswered = false;
  stats.add('http.async-client.rq_total');
  traffic.upstream_cx_total.inc();
  traffic.upstream_rq_pending_total.inc();
  if (network.refuses(host.address)) traffic.upstream_cx_connect_fail.inc();
  else traffic.upstream_rq_total.inc();
  return network.openDiscoveryStream(host.address, {
    onResponse: (response) => {
      if (!hasAnswered) cluster.stats.charge(200, PLAIN);
      hasAnswered = true;
      callbacks.onResponse(response);
    },
    onClose: () => {
      trace?.record({
        kind: 'xds_stream_closed',
        state: 'failed',
        because: cluster.node.ref,
        sentence: `The stream to the management server (cluster \`${clusterName}\`, ${host.address}) ${hasAnswered ? 'broke' : 'could not be opened'}: Envoy goes on with what it has, and tries again.`,
      });
      traffic.upstream_rq_pending_failure_eject.inc();
      if (hasAnswered) stats.add('http.async-client.rq_reset_after_downstream_response_started');
      else cluster.stats.charge(503, PLAIN);
      callbacks.onClose();
    },
  });
}
