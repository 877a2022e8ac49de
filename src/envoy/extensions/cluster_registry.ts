import type { ClusterTypes } from '../upstream/cluster_discovery.ts';
import { aggregateClusterFactory } from './clusters/aggregate/factory.ts';
import { dynamicForwardProxyClusterFactory } from './clusters/dynamic_forward_proxy/factory.ts';
import { edsClusterFactory } from './clusters/eds/factory.ts';
import { logicalDnsClusterFactory } from './clusters/logical_dns/factory.ts';
import { originalDstClusterFactory } from './clusters/original_dst/factory.ts';
import { staticClusterFactory } from './clusters/static/factory.ts';
import { strictDnsClusterFactory } from './clusters/strict_dns/factory.ts';

/** Every kind of cluster that is run: one line each. The first stands for those that are not. */
export const CLUSTER_TYPES: ClusterTypes = [
  staticClusterFactory,
  aggregateClusterFactory,
  dynamicForwardProxyClusterFactory,
  edsClusterFactory,
  logicalDnsClusterFactory,
  originalDstClusterFactory,
  strictDnsClusterFactory,
];
