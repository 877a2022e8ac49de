import type { ConfigPath } from '#source';
import { checkTransportVersion } from './access_logs.ts';
import { refuseIf, type Check } from './check.ts';

/** `core.v3.ConfigSource`: a management server asks who is there, whoever it is. */
export const checkConfigSource: Check = (node, { isNamed }) => {
  const field = ['ads', 'self', 'api_config_source'].find((one) => node.has(one));
  return [
    ...refuseIf(
      isNamed === false && field !== undefined,
      node,
      [field ?? ''],
      'A management server asks who is there, and `node` does not say its `id` and `cluster`.',
      "node 'id' and 'cluster' are required. Set it either in 'node' config or via --service-node and --service-cluster options.",
    ),
    ...refuseIf(
      isNamed === true && field === 'self' && !node.ref.path.includes('rtds_layer'),
      node,
      ['self'],
      '`self` is where this came from itself, and this did not come over xDS.',
      'Missing config source specifier in envoy::config::core::v3::ConfigSource',
    ),
  ];
};

/** `core.v3.ApiConfigSource`: config/utility.cc, checkApiConfigSourceSubscriptionBackingCluster and the factories. */
export const checkApiSource: Check = (node, facts) => {
  const { servers } = facts;
  const isRest = (node.text('api_type') ?? '') === 'REST';
  const [names, services] = [node.texts('cluster_names'), node.list('grpc_services')];
  const name = isRest ? names[0] : services[0]?.child('envoy_grpc')?.text('cluster_name');
  const [other, isElsewhere] = isRest
    ? (['grpc_services', services.length > 0] as const)
    : (['cluster_names', names.length > 0] as const);
  const place: [ConfigPath, string] = isRest
    ? [['cluster_names', 0], 'cluster_names']
    : [['grpc_services', 0, 'envoy_grpc', 'cluster_name'], 'cluster_name'];
  return [
    ...refuseIf(
      names.length + services.length === 0,
      node,
      [],
      `Nobody is asked: ${isRest ? '`cluster_names`' : '`grpc_services`'} is empty.`,
      'API configs must have either a gRPC service or a cluster name defined',
    ),
    ...refuseIf(
      isElsewhere,
      node,
      [other],
      `\`${other}\` is not for \`api_type: ${node.text('api_type') ?? ''}\`.`,
      isRest
        ? 'envoy.config.core.v3.ApiConfigSource, if not a gRPC type, must not have a gRPC service specified'
        : 'envoy.config.core.v3.ApiConfigSource::(AGGREGATED_)(DELTA_)GRPC must not have a cluster name specified',
    ),
    ...refuseIf(
      isRest && names.length > 1,
      node,
      ['cluster_names', 1],
      'Only one of `cluster_names` is asked.',
      'envoy.config.core.v3.ApiConfigSource must have a singleton cluster name specified',
    ),
    ...refuseIf(
      isRest && names.length > 0 && !node.has('refresh_delay'),
      node,
      [],
      'REST is asked again and again: `refresh_delay` says how often.',
      'refresh_delay is required for REST API configuration sources',
    ),
    ...refuseIf(
      name !== undefined && servers !== undefined && !servers.has(name),
      node,
      place[0],
      `\`${place[1]}\` \`${name}\` is no static cluster, or one that waits for EDS itself.`,
      `envoy.config.core.v3.ApiConfigSource must have a statically defined non-EDS cluster: '${name}' does not exist, was added via api, or is an EDS cluster`,
    ),
    ...checkTransportVersion(node, facts),
  ];
};

/** `dynamic_resources.ads_config`. */
export const checkAdsConfig: Check = (node) => {
  const type = node.text('api_type') ?? '';
  return [
    ...refuseIf(
      type === 'REST' || type.startsWith('AGGREGATED'),
      node,
      ['api_type'],
      `\`api_type: ${type}\` is nothing for ADS, which is one stream of gRPC: GRPC or DELTA_GRPC.`,
      'envoy.config.core.v3.ApiConfigSource type must be of non-aggregated gRPC',
    ),
    ...refuseIf(
      type.endsWith('GRPC') && node.list('grpc_services').length > 1,
      node,
      ['grpc_services', 1],
      'ADS takes one of `grpc_services` and no more.',
      'envoy.config.core.v3.ApiConfigSource::(DELTA_)GRPC must have no more than 1 gRPC services specified',
    ),
  ];
};
