import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { regexFault } from '../matching/re2.ts';
import { isDefaultTag } from '../stats/tag_producer.ts';
import { checkIpAddress } from './addresses.ts';
import { checkUpstreamBind } from './bind_configs.ts';
import { missingExtension, NONE, problem, refuseIf, typeOf, unknownCluster, type Check } from './check.ts';
import { checkAdsConfig } from './config_sources.ts';
import { checkStaticSecrets } from './static_secrets.ts';
import { duplicateClusters } from './clusters.ts';
import { duplicateAddresses } from './listeners.ts';

/** `config.bootstrap.v3.Bootstrap`: what its parts mean together. */
export const checkBootstrap: Check = (node, facts) => {
  const dynamicAds = node.child('dynamic_resources')?.child('ads_config');
  const resources = node.child('static_resources');
  const clusters = resources?.list('clusters') ?? [];
  return [
    ...duplicateAddresses(resources?.list('listeners') ?? []),
    ...duplicateClusters(clusters),
    ...checkAdmin(node),
    ...checkRuntime(node),
    ...checkFlush(node),
    ...checkLocalCluster(node, clusters),
    ...checkAds(node, clusters),
    ...checkTags(node.child('stats_config')),
    ...checkManagerBind(node.child('cluster_manager')),
    ...checkStaticSecrets(resources?.list('secrets') ?? []),
    ...checkStaticLayers(node),
    ...checkInternalListeners(node),
    ...checkSinks(node),
    ...(dynamicAds ? checkAdsConfig(dynamicAds, facts) : NONE),
  ];
};

const checkManagerBind = (manager: ConfigNode | undefined): Diagnostic[] =>
  manager ? checkUpstreamBind(manager, 'Bootstrap') : NONE;

const checkAdmin = (node: ConfigNode): Diagnostic[] =>
  checkIpAddress(
    node,
    ['admin', 'address', 'socket_address'],
    'The admin interface binds to an IP address such as 127.0.0.1.',
  );

function checkRuntime(node: ConfigNode): Diagnostic[] {
  const layers = node.child('layered_runtime')?.list('layers') ?? [];
  const seen = new Set<string>();
  const twice = layers.flatMap((layer) => {
    const name = layer.text('name') ?? '';
    if (!seen.has(name)) return (seen.add(name), NONE);
    return problem('runtime_layer', layer, ['name'], `Two runtime layers are called \`${name}\`.`, {
      envoySays: `Duplicate layer name: ${name}`,
    });
  });
  const second = layers.filter((layer) => layer.has('admin_layer'))[1];
  const admins = second
    ? problem('runtime_layer', second, ['admin_layer'], 'There is one admin layer at the most.', {
        envoySays: 'Too many admin layers specified in LayeredRuntime, at most one may be specified',
      })
    : NONE;
  return [...twice, ...admins];
}

const checkFlush = (node: ConfigNode): Diagnostic[] =>
  node.has('stats_flush_interval') && node.flag('stats_flush_on_admin')
    ? problem(
        'stats_flush',
        node,
        ['stats_flush_on_admin'],
        '`stats_flush_interval` and `stats_flush_on_admin` exclude each other.',
        {
          envoySays: 'Only one of stats_flush_interval or stats_flush_on_admin should be set!',
        },
      )
    : NONE;

function checkLocalCluster(node: ConfigNode, clusters: readonly ConfigNode[]): Diagnostic[] {
  const name = node.child('cluster_manager')?.text('local_cluster_name') ?? '';
  if (name === '' || clusters.some((one) => one.text('name') === name)) return NONE;
  return problem(
    'local_cluster',
    node,
    ['cluster_manager', 'local_cluster_name'],
    `No static cluster is called \`${name}\`.`,
    {
      envoySays: `local cluster '${name}' must be defined`,
    },
  );
}

function checkAds(node: ConfigNode, clusters: readonly ConfigNode[]): Diagnostic[] {
  const dynamic = node.child('dynamic_resources');
  const services = dynamic?.child('ads_config')?.list('grpc_services') ?? [];
  const unknown = services.flatMap((service) => {
    const grpc = service.child('envoy_grpc');
    const name = grpc?.text('cluster_name') ?? '';
    if (!grpc || clusters.some((one) => one.text('name') === name)) return NONE;
    return problem(
      'unknown_cluster',
      grpc,
      ['cluster_name'],
      `The management server is sought in the cluster \`${name}\`, and no static cluster has that name.`,
      {
        envoySays: `Unknown gRPC client cluster '${name}'`,
      },
    );
  });
  return [...unknown, ...(services.length > 0 ? checkNode(node) : NONE)];
}

function checkNode(node: ConfigNode): Diagnostic[] {
  const self = node.child('node');
  const missing = ['id', 'cluster'].filter((name) => (self?.text(name) ?? '') === '');
  if (missing.length === 0) return NONE;
  return problem(
    'node',
    node,
    self ? ['node'] : [],
    `A management server asks who is there: \`node\` needs ${missing.map((one) => `\`${one}\``).join(' and ')}.`,
    {
      envoySays:
        "ads: node 'id' and 'cluster' are required. Set it either in 'node' config or via --service-node and --service-cluster options.",
    },
  );
}

const unknownTag = (tag: ConfigNode, name: string): Diagnostic[] =>
  problem(
    'stats_tag',
    tag,
    [],
    `The tag \`${name}\` has no \`regex\` and no \`fixed_value\`, and Envoy has none of this name.`,
    {
      envoySays: `No regex specified for tag specifier and no default regex for name: '${name}'`,
    },
  );

/** An internal listener needs the extension that makes such listeners. */
function checkInternalListeners(node: ConfigNode): Diagnostic[] {
  const types = node.list('bootstrap_extensions').map((one) => typeOf(one.child('typed_config')));
  const listeners = node.child('static_resources')?.list('listeners') ?? [];
  return listeners.flatMap((listener) =>
    refuseIf(
      listener.has('internal_listener') && !types.some((type) => type.endsWith('.InternalListener')),
      listener,
      ['internal_listener'],
      'An `internal_listener` needs `envoy.bootstrap.internal_listener` among the `bootstrap_extensions`.',
      `error adding listener named '${listener.text('name') ?? ''}': InternalListener bootstrap extension is mandatory`,
    ),
  );
}

/** The values of static layers: runtime_impl.cc, walkProtoValue. */
const checkStaticLayers = (node: ConfigNode): Diagnostic[] =>
  (node.child('layered_runtime')?.list('layers') ?? []).flatMap((layer) => {
    const values = layer.child('static_layer');
    return Object.entries(values?.value ?? {}).flatMap(([key, value]) =>
      refuseIf(
        value === null || Array.isArray(value),
        values!,
        [key],
        `The runtime value \`${key}\` is ${value === null ? 'nothing' : 'a list'}: a number, a text, a boolean or a fraction is wanted.`,
        `Invalid runtime entry value for ${key}`,
      ),
    );
  });

/** `stats_sinks`: a sink is found by its type, and statsd over TCP is a cluster. */
function checkSinks(node: ConfigNode): Diagnostic[] {
  const clusters = new Set(
    node
      .child('static_resources')
      ?.list('clusters')
      .map((one) => one.text('name') ?? ''),
  );
  return node.list('stats_sinks').flatMap((sink) => {
    const config = sink.child('typed_config');
    if (!config) return missingExtension(sink, sink.text('name') ?? '');
    const name = config.text('tcp_cluster_name') ?? '';
    return [
      ...unknownCluster(config, 'tcp_cluster_name', { clusters }, `unknown cluster '${name}'`),
      ...unknownCluster(
        config.child('grpc_service')?.child('envoy_grpc'),
        'cluster_name',
        { clusters },
        `Unknown gRPC client cluster '${config.child('grpc_service')?.child('envoy_grpc')?.text('cluster_name') ?? ''}'`,
      ),
      ...checkIpAddress(config, ['address', 'socket_address'], 'A daemon of statsd is found by an IP address.'),
      ...(name === '' ? NONE : checkNode(node)),
    ];
  });
}

function checkTags(config: ConfigNode | undefined): Diagnostic[] {
  return (config?.list('stats_tags') ?? []).flatMap((tag) => {
    const [name, regex] = [tag.text('tag_name') ?? '', tag.text('regex') ?? ''];
    if (tag.has('fixed_value')) return NONE;
    if (name === '')
      return refuseIf(true, tag, [], 'The tag has no name: `tag_name` is empty.', 'tag_name cannot be empty');
    if (regex === '') return isDefaultTag(name) ? NONE : unknownTag(tag, name);
    const fault = regexFault(regex);
    if (!fault) return NONE;
    return problem('regex', tag, ['regex'], `The regex "${regex}" is not one that can be read: ${fault.message}.`, {
      envoySays: `Invalid regex '${regex}'`,
    });
  });
}
