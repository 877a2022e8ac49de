import { durationMs } from '#api';
import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { isIpAddress } from '../network/cidr.ts';
import { checkUpstreamBind } from './bind_configs.ts';
import { checkQuic } from './http_options.ts';
import { checkHealthChecks } from './health_checks.ts';
import { checkMaglev, checkOldFields, checkRing, checkSubsets } from './load_balancing.ts';
import { missingExtension, NONE, problem, refuseIf, typeOf, type Check } from './check.ts';

const DEFAULT_BASE_EJECTION_MS = 30_000;
const DEFAULT_MAX_EJECTION_MS = 300_000;

/** `config.cluster.v3.Cluster`. */
export const checkCluster: Check = (node) => [
  ...checkType(node),
  ...checkPolicy(node),
  ...checkEndpoints(node),
  ...checkHealthChecks(node),
  ...checkSubsets(node),
  ...checkOutlierDetection(node),
  ...checkProtocolOptions(node),
  ...checkUpstreamBind(node, `Cluster ${nameOf(node)}`),
  ...checkQuic(node),
  ...checkResolvers(node),
  ...checkForwardProxy(node),
];

/** A DNS cluster asks one resolver for all its names. */
function checkResolvers(node: ConfigNode): Diagnostic[] {
  const type = typeName(node);
  const endpoints = (node.child('load_assignment')?.list('endpoints') ?? []).flatMap((one) => one.list('lb_endpoints'));
  return endpoints.flatMap((endpoint) =>
    refuseIf(
      type.endsWith('_DNS') &&
        endpoint.child('endpoint')?.child('address')?.child('socket_address')?.has('resolver_name') === true,
      endpoint,
      ['endpoint', 'address', 'socket_address', 'resolver_name'],
      `A ${type} cluster takes no \`resolver_name\`: \`typed_dns_resolver_config\` of the cluster says who is asked.`,
      `${type} clusters must NOT have a custom resolver name set`,
    ),
  );
}

/** A cluster that goes wherever it is told checks over TLS that it got there: dynamic_forward_proxy/cluster.cc. */
function checkForwardProxy(node: ConfigNode): Diagnostic[] {
  const config = node.child('cluster_type')?.child('typed_config');
  const options = node
    .child('typed_extension_protocol_options')
    ?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions')
    ?.child('upstream_http_protocol_options');
  return refuseIf(
    typeOf(config).endsWith('.dynamic_forward_proxy.v3.ClusterConfig') &&
      options !== undefined &&
      !(options.flag('auto_sni') && options.flag('auto_san_validation')) &&
      !config!.flag('allow_insecure_cluster_options'),
    node,
    ['typed_extension_protocol_options'],
    'A dynamic forward proxy needs both `auto_sni` and `auto_san_validation`, or `allow_insecure_cluster_options`.',
    'dynamic_forward_proxy cluster must have auto_sni and auto_san_validation true unless allow_insecure_cluster_options is set.',
  );
}

const nameOf = (node: ConfigNode): string => node.text('name') ?? '';
const typeName = (node: ConfigNode): string => (node.has('cluster_type') ? 'custom' : (node.text('type') ?? 'STATIC'));

function checkType(node: ConfigNode): Diagnostic[] {
  const custom = node.child('cluster_type');
  if (custom && typeOf(custom.child('typed_config')) === '') return missingExtension(custom, nameOf(custom));
  const [type, hasEds] = [typeName(node), node.has('eds_cluster_config')];
  if (type === 'EDS' && !hasEds)
    return problem('eds_config', node, [], `The EDS cluster \`${nameOf(node)}\` has no \`eds_cluster_config\`.`, {
      help: 'Say where its endpoints come from: `eds_cluster_config: {eds_config: …}`.',
      envoySays: 'cannot create an EDS cluster without an EDS config',
    });
  if (type !== 'EDS' && type !== 'custom' && hasEds)
    return problem(
      'eds_config',
      node,
      ['eds_cluster_config'],
      `\`eds_cluster_config\` belongs to an EDS cluster, and this one is ${type}.`,
      {
        envoySays: 'eds_cluster_config set in a non-EDS cluster',
      },
    );
  return NONE;
}

/** Cluster types that bring a balancer of their own, and those that cannot. */
const BRINGS_BALANCER = /\.(aggregate|dynamic_forward_proxy)\.v3\.ClusterConfig$/;

function checkPolicy(node: ConfigNode): Diagnostic[] {
  const policies = node.child('load_balancing_policy');
  if (policies) return [...checkPolicyList(node, policies), ...checkOldFields(node)];
  const policy = node.text('lb_policy') ?? 'ROUND_ROBIN';
  const isProvided = policy === 'CLUSTER_PROVIDED';
  const refuse = (message: string, envoySays: string): Diagnostic[] =>
    problem('lb_policy', node, node.has('lb_policy') ? ['lb_policy'] : [], message, { envoySays });
  if (policy === 'LOAD_BALANCING_POLICY_CONFIG')
    return refuse(
      '`lb_policy: LOAD_BALANCING_POLICY_CONFIG` needs a `load_balancing_policy`.',
      'cluster: field load_balancing_policy need to be set',
    );
  if (isProvided && node.has('lb_subset_config'))
    return refuse(
      'A cluster that provides its own balancer has no subsets.',
      `cluster: LB policy ${policy} cannot be combined with lb_subset_config`,
    );
  if (typeName(node) === 'ORIGINAL_DST' && !isProvided)
    return refuse(
      `A cluster of type ORIGINAL_DST goes where the connection was meant to go: only \`lb_policy: CLUSTER_PROVIDED\` fits, not ${policy}.`,
      `cluster: LB policy ${policy} is not valid for Cluster type ORIGINAL_DST. Only 'CLUSTER_PROVIDED' is allowed with cluster type 'ORIGINAL_DST'`,
    );
  const custom = typeOf(node.child('cluster_type')?.child('typed_config'));
  if (BRINGS_BALANCER.test(custom) && !isProvided)
    return refuse(
      `A cluster of this type provides its own balancer: write \`lb_policy: CLUSTER_PROVIDED\`.`,
      `cluster manager: cluster provided LB not specified but cluster '${nameOf(node)}' provided one. Check cluster documentation.`,
    );
  if (isProvided && typeName(node) !== 'ORIGINAL_DST' && typeName(node) !== 'custom')
    return refuse(
      `A ${typeName(node)} cluster provides no balancer of its own: choose a policy such as ROUND_ROBIN.`,
      `cluster manager: cluster provided LB specified but cluster '${nameOf(node)}' did not provide one. Check cluster documentation.`,
    );
  return checkHashing(node, policy);
}

/** What belongs to rings and tables. */
function checkHashing(node: ConfigNode, policy: string): Diagnostic[] {
  return [
    ...checkRing(policy === 'RING_HASH' ? node.child('ring_hash_lb_config') : undefined),
    ...checkMaglev(policy === 'MAGLEV' ? node.child('maglev_lb_config') : undefined),
    ...checkHashedNames(node, policy),
  ];
}

/** Only endpoints that were found by a name have one to hash. */
function checkHashedNames(node: ConfigNode, policy: string): Diagnostic[] {
  const hashing = node.child('common_lb_config')?.child('consistent_hashing_lb_config');
  const isHash = policy === 'RING_HASH' || policy === 'MAGLEV';
  if (!isHash || hashing?.flag('use_hostname_for_hashing') !== true || typeName(node).endsWith('_DNS')) return NONE;
  if (typeName(node) === 'custom') return NONE;
  const type = `envoy.cluster.${typeName(node).toLowerCase()}`;
  return problem(
    'hashed_names',
    hashing,
    ['use_hostname_for_hashing'],
    `Endpoints of a ${typeName(node)} cluster are not found by names: there is nothing but addresses to hash.`,
    { envoySays: `Cannot use hostname for consistent hashing loadbalancing for cluster of type: '${type}'` },
  );
}

const MILLION = 1_000_000;
const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION };

/** `config.endpoint.v3.ClusterLoadAssignment`, of a cluster or over EDS: upstream_impl.cc, parseDropOverloadConfig. */
export const checkAssignment: Check = (node) => {
  const policy = node.child('policy');
  const drops = policy?.list('drop_overloads') ?? [];
  if (drops.length > 1)
    return problem('drop_overload', policy!, ['drop_overloads'], 'Only one of `drop_overloads` is taken.', {
      envoySays: `Cluster drop_overloads config has ${drops.length} categories. Envoy only support one.`,
    });
  const percent = drops[0]?.child('drop_percentage');
  const [numerator, denominator] = [percent?.number('numerator') ?? 0, percent?.text('denominator') ?? 'HUNDRED'];
  const parts = DENOMINATORS[denominator] ?? MILLION;
  if (numerator <= parts) return NONE;
  return problem('drop_overload', percent!, ['numerator'], `${numerator} of ${parts} is more than all.`, {
    envoySays: `Cluster drop_overloads config is invalid. drop_ratio=${numerator / parts}(Numerator ${numerator} / Denominator ${parts}). The valid range is 0~1.`,
  });
};

function checkPolicyList(node: ConfigNode, policies: ConfigNode): Diagnostic[] {
  const types = policies
    .list('policies')
    .map((one) => typeOf(one.child('typed_extension_config')?.child('typed_config')));
  if (types.some((type) => type.includes('.load_balancing_policies.'))) return NONE;
  const names = policies.list('policies').map((one) => one.child('typed_extension_config')?.text('name') ?? '');
  return problem(
    'lb_policy',
    node,
    ['load_balancing_policy'],
    'None of these policies is a load balancing policy of Envoy.',
    {
      envoySays: `cluster: didn't find a registered load balancer factory implementation for cluster: '${nameOf(node)}' with names from [${names.join(', ')}]`,
    },
  );
}

function checkEndpoints(node: ConfigNode): Diagnostic[] {
  const localities = node.child('load_assignment')?.list('endpoints') ?? [];
  const endpoints = localities.flatMap((one) => one.list('lb_endpoints'));
  if (typeName(node) === 'LOGICAL_DNS' && (localities.length !== 1 || endpoints.length !== 1))
    return problem(
      'endpoints',
      node,
      node.has('load_assignment') ? ['load_assignment'] : [],
      'A LOGICAL_DNS cluster has exactly one locality with one endpoint: its name stands for all of them.',
      {
        help: 'Use STRICT_DNS for several names.',
        envoySays: 'LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint',
      },
    );
  if (typeName(node) !== 'STATIC') return NONE;
  return endpoints.flatMap((one) => {
    const socket = one.child('endpoint')?.child('address')?.child('socket_address');
    const address = socket?.text('address') ?? '';
    if (!socket || isIpAddress(address)) return NONE;
    return problem('address', socket, [], `"${address}" is a name, and a STATIC cluster takes IP addresses only.`, {
      help: 'Give an IP address, or make the cluster `type: STRICT_DNS`.',
      envoySays: `malformed IP address: ${address}. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'`,
    });
  });
}

function checkOutlierDetection(node: ConfigNode): Diagnostic[] {
  const outlier = node.child('outlier_detection');
  if (!outlier) return NONE;
  const base = durationMs(outlier.text('base_ejection_time')) ?? DEFAULT_BASE_EJECTION_MS;
  const max = durationMs(outlier.text('max_ejection_time')) ?? Math.max(DEFAULT_MAX_EJECTION_MS, base);
  if (max >= base) return NONE;
  return problem(
    'outlier_detection',
    node,
    ['outlier_detection'],
    '`max_ejection_time` is shorter than `base_ejection_time`.',
    {
      envoySays: "outlier detector's max_ejection_time cannot be smaller than base_ejection_time",
    },
  );
}

function checkProtocolOptions(node: ConfigNode): Diagnostic[] {
  const all = node.child('typed_extension_protocol_options');
  return Object.keys(all?.value ?? {}).flatMap((name) => {
    const options = all!.child(name);
    if (!options || typeOf(options) !== '') return NONE;
    return problem(
      'missing_extension',
      node,
      ['typed_extension_protocol_options', name],
      `These protocol options have no \`@type\`: nothing says which message they are.`,
      {
        envoySays: `Didn't find a registered network or http filter or protocol options implementation for name: '${name}'`,
      },
    );
  });
}

/** Two clusters of one name: of the whole bootstrap. */
export function duplicateClusters(clusters: readonly ConfigNode[]): Diagnostic[] {
  const seen = new Set<string>();
  return clusters.flatMap((cluster) => {
    const name = nameOf(cluster);
    if (!seen.has(name)) return (seen.add(name), NONE);
    return problem('duplicate_cluster', cluster, [], `Two clusters are called \`${name}\`.`, {
      envoySays: `cluster manager: duplicate cluster '${name}'`,
    });
  });
}
