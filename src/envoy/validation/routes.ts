import { durationMs } from '#api';
import { didYouMean, nearest, type Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { missingExtension, NONE, problem, typeOf, type Check, type CheckFacts } from './check.ts';
import { checkDuration } from './connection_managers.ts';
import { checkFormat } from './formats.ts';
import { checkHeaderOptions } from './header_options.ts';

const DEFAULT_MAX_DIRECT_RESPONSE = 4096;
const MAX_WEIGHT_TOTAL = 4_294_967_295;

/** `config.route.v3.RouteConfiguration`: what its virtual hosts and routes mean together. */
export const checkRouteConfiguration: Check = (node, facts) => [
  ...checkHeaderOptions(node),
  ...duplicateDomains(node),
  ...node.list('cluster_specifier_plugins').flatMap(checkSpecifier),
  ...checkNamedSpecifiers(node),
  ...(node.raw('validate_clusters') === false || !facts.clusters ? NONE : checkTargets(node, facts)),
  ...node.list('virtual_hosts').flatMap((host) => host.list('routes').flatMap((route) => checkBody(node, route))),
];

/** `config.route.v3.VirtualHost`. */
export const checkVirtualHost: Check = (node) => [
  ...checkHeaderOptions(node),
  ...checkPerFilterConfig(node),
  ...node.list('virtual_clusters').flatMap((cluster) =>
    cluster.list('headers').length > 0
      ? NONE
      : problem(
          'virtual_cluster',
          cluster,
          [],
          'A virtual cluster needs `headers` that say which requests it counts.',
          {
            envoySays: "virtual clusters must define 'headers'",
          },
        ),
  ),
];

/** `config.route.v3.Route`. */
export const checkRoute: Check = (node) => [...checkHeaderOptions(node), ...checkPerFilterConfig(node)];

function duplicateDomains(node: ConfigNode): Diagnostic[] {
  const seen = new Set<string>();
  return node.list('virtual_hosts').flatMap((host) =>
    host.texts('domains').flatMap((domain, i) => {
      const name = domain.toLowerCase();
      if (!seen.has(name)) return (seen.add(name), NONE);
      return problem(
        'duplicate_domain',
        host,
        ['domains', i],
        `The domain "${name}" stands in two places of this route configuration (upper and lower case are one).`,
        {
          help: 'Each domain belongs to one virtual host: join the two, or change one of the domains.',
          envoySays: `Only unique values for domains are permitted. Duplicate entry of domain ${name} in route ${node.text('name') ?? ''}`,
        },
      );
    }),
  );
}

function checkTargets(node: ConfigNode, { clusters }: CheckFacts): Diagnostic[] {
  const actions = node
    .list('virtual_hosts')
    .flatMap((host) => host.list('routes'))
    .flatMap((route) => route.child('route') ?? []);
  const groups = [
    ...node.list('cluster_specifier_plugins'),
    ...actions.flatMap((action) => action.child('inline_cluster_specifier_plugin') ?? []),
  ].flatMap((plugin) => checkGroups(plugin, clusters!));
  const mirrors = [node, ...node.list('virtual_hosts')].flatMap((level) => level.list('request_mirror_policies'));
  const shadows = mirrors.flatMap((one) => checkTarget(one, ['cluster'], 'route: unknown shadow cluster', clusters!));
  const targets = actions.flatMap((action) => [
    ...checkTarget(action, ['cluster'], 'route: unknown cluster', clusters!),
    ...(action.child('weighted_clusters')?.list('clusters') ?? []).flatMap((one) =>
      checkTarget(one, ['name'], 'route: unknown weighted cluster', clusters!),
    ),
    ...action
      .list('request_mirror_policies')
      .flatMap((one) => checkTarget(one, ['cluster'], 'route: unknown shadow cluster', clusters!)),
  ]);
  return [...targets, ...shadows, ...groups];
}

/** Clusters that a priority group specifier names. */
function checkGroups(plugin: ConfigNode, clusters: ReadonlySet<string>): Diagnostic[] {
  const groups = plugin.child('extension')?.child('typed_config')?.list('priority_groups') ?? [];
  return groups.flatMap((group) =>
    group.list('clusters').flatMap((one) => {
      const name = one.text('cluster_name') ?? '';
      return checkTarget(one, ['cluster_name'], 'route: unknown cluster', clusters).map((found) => ({
        ...found,
        envoySays: `route: unknown cluster '${name}' in priority group '${group.text('name') ?? ''}'`,
      }));
    }),
  );
}

function checkTarget(
  node: ConfigNode,
  [field]: [string],
  envoySays: string,
  clusters: ReadonlySet<string>,
): Diagnostic[] {
  const name = node.text(field) ?? '';
  if (name === '' || clusters.has(name)) return NONE;
  const meant = nearest(name, clusters);
  return problem(
    'unknown_cluster',
    node,
    [field],
    `The route sends to the cluster \`${name}\`, and no cluster has that name.`,
    {
      ...(meant === undefined ? { help: 'Add the cluster, or name one that is there.' } : didYouMean(name, meant)),
      envoySays: `${envoySays} '${name}'`,
    },
  );
}

function checkBody(routeConfig: ConfigNode, route: ConfigNode): Diagnostic[] {
  const limit = routeConfig.number('max_direct_response_body_size_bytes') ?? DEFAULT_MAX_DIRECT_RESPONSE;
  const body = route.child('direct_response')?.child('body')?.text('inline_string') ?? '';
  if (body.length <= limit) return NONE;
  return problem(
    'direct_response',
    route,
    ['direct_response', 'body'],
    `The body of this direct response has ${body.length} bytes; at most ${limit} are taken.`,
    {
      help: 'Shorten it, or raise `max_direct_response_body_size_bytes` of the route configuration.',
      envoySays: `response body size is ${body.length} bytes; maximum is ${limit}`,
    },
  );
}

/** `typed_per_filter_config`: each entry says which message it is. */
function checkPerFilterConfig(node: ConfigNode): Diagnostic[] {
  const configs = node.child('typed_per_filter_config');
  return Object.keys(configs?.value ?? {}).flatMap((name) => {
    const config = configs!.child(name);
    return config && typeOf(config) === '' ? missingExtension(config, name) : NONE;
  });
}

/** `config.route.v3.RouteAction`. */
export const checkRouteAction: Check = (node) => [
  ...['timeout', 'idle_timeout', 'max_grpc_timeout'].flatMap((name) => checkDuration(node, name)),
  ...checkRewrites(node),
  ...['path_rewrite', 'host_rewrite'].flatMap((name) => checkFormat(node, [name], node.text(name) ?? '')),
  ...checkInternalRedirect(node.child('internal_redirect_policy')),
  ...checkWeights(node),
  ...node
    .list('request_mirror_policies')
    .flatMap((one) => exactlyOne(one, 'cluster', 'cluster_header', 'in request mirror policy')),
  ...checkSpecifier(node.child('inline_cluster_specifier_plugin')),
  ...node.list('upgrade_configs').flatMap(checkConnectConfig),
];

function checkRewrites(node: ConfigNode): Diagnostic[] {
  const set = ['prefix_rewrite', 'regex_rewrite', 'path_rewrite_policy', 'path_rewrite'].filter((name) =>
    node.has(name),
  );
  if (set.length < 2) return NONE;
  return problem('rewrite', node, [set[1]!], `\`${set.join('` and `')}\` exclude each other. Keep one of them.`, {
    envoySays: 'Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy',
  });
}

const PREDICATES = 'envoy.extensions.internal_redirect.';

function checkInternalRedirect(policy: ConfigNode | undefined): Diagnostic[] {
  if (!policy) return NONE;
  const unknown = policy.list('predicates').flatMap((one) => {
    const type = typeOf(one.child('typed_config'));
    if (type.startsWith(PREDICATES)) return NONE;
    const name = one.text('name') ?? '';
    return problem('missing_extension', one, [], `\`${name}\` is no predicate of internal redirects.`, {
      envoySays: `Didn't find a registered implementation for '${name}' with type URL: '${type}'`,
    });
  });
  const copied = policy.texts('response_headers_to_copy').flatMap((name, i) =>
    name.startsWith(':') || name.toLowerCase() === 'host'
      ? problem('header', policy, ['response_headers_to_copy', i], `\`${name}\` may not be copied.`, {
          envoySays: ':-prefixed headers or Hosts may not be specified here.',
        })
      : NONE,
  );
  return [...unknown, ...copied];
}

const SPECIFIERS = 'envoy.extensions.router.cluster_specifiers.';

/** A cluster specifier plugin: one that is optional may be unknown. */
function checkSpecifier(plugin: ConfigNode | undefined): Diagnostic[] {
  const extension = plugin?.child('extension');
  const type = typeOf(extension?.child('typed_config'));
  if (!plugin || !extension || type.startsWith(SPECIFIERS) || plugin.flag('is_optional')) return NONE;
  const name = extension.text('name') ?? '';
  return problem('missing_extension', extension, [], `\`${name}\` is no cluster specifier plugin.`, {
    envoySays: `Didn't find a registered implementation for '${name}' with type URL: '${type}'`,
  });
}

/** Plugins that routes name have to be among those of their route configuration. */
function checkNamedSpecifiers(node: ConfigNode): Diagnostic[] {
  const known = new Set(
    node.list('cluster_specifier_plugins').map((one) => one.child('extension')?.text('name') ?? ''),
  );
  const actions = node
    .list('virtual_hosts')
    .flatMap((host) => host.list('routes').flatMap((one) => one.child('route') ?? []));
  return actions.flatMap((action) => {
    const name = action.text('cluster_specifier_plugin');
    if (name === undefined || known.has(name)) return NONE;
    const meant = nearest(name, known);
    return problem(
      'cluster_specifier',
      action,
      ['cluster_specifier_plugin'],
      `No cluster specifier plugin of this route configuration is called \`${name}\`.`,
      {
        ...(meant === undefined ? {} : didYouMean(name, meant)),
        envoySays: `Unknown cluster specifier plugin name: ${name} is used in the route`,
      },
    );
  });
}

function checkWeights(node: ConfigNode): Diagnostic[] {
  const weighted = node.child('weighted_clusters');
  if (!weighted) return NONE;
  const clusters = weighted.list('clusters');
  const total = clusters.reduce((sum, one) => sum + (one.number('weight') ?? 0), 0);
  const sum =
    clusters.length > 0 && total === 0
      ? problem(
          'weights',
          weighted,
          [],
          'The weights of `weighted_clusters` add up to 0: give at least one cluster a weight.',
          {
            envoySays: 'Sum of weights in the weighted_cluster must be greater than 0.',
          },
        )
      : total > MAX_WEIGHT_TOTAL
        ? problem(
            'weights',
            weighted,
            [],
            `The weights of \`weighted_clusters\` add up to ${total}; at most ${MAX_WEIGHT_TOTAL} is taken.`,
            {
              envoySays: `The sum of weights of all weighted clusters of route exceeds ${MAX_WEIGHT_TOTAL}`,
            },
          )
        : NONE;
  return [
    ...sum,
    ...clusters.flatMap((one) => [...exactlyOne(one, 'name', 'cluster_header', ''), ...checkHeaderOptions(one)]),
  ];
}

function exactlyOne(node: ConfigNode, first: string, second: string, where: string): Diagnostic[] {
  const set = [first, second].filter((name) => (node.text(name) ?? '') !== '');
  if (set.length === 1) return NONE;
  return problem(
    'one_of_two',
    node,
    [],
    set.length === 0
      ? `One of \`${first}\` and \`${second}\` is needed.`
      : `\`${first}\` and \`${second}\` exclude each other.`,
    { envoySays: `Exactly one of ${first} or ${second} ${where} need to be specified`.replace('  ', ' ') },
  );
}

function checkConnectConfig(node: ConfigNode): Diagnostic[] {
  const type = node.text('upgrade_type') ?? '';
  if (!node.has('connect_config') || /^connect(-udp)?$/i.test(type)) return NONE;
  return problem(
    'connect_config',
    node,
    ['connect_config'],
    `\`connect_config\` is for CONNECT, and this upgrade is \`${type}\`.`,
    {
      envoySays: `Non-CONNECT upgrade type ${type} has ConnectConfig`,
    },
  );
}

/** `config.route.v3.RetryPolicy`. */
export const checkRetryPolicy: Check = (node) => {
  const backOff = node.child('retry_back_off');
  const [base, max] = [durationMs(backOff?.text('base_interval')), durationMs(backOff?.text('max_interval'))];
  const interval =
    base !== undefined && max !== undefined && max < base
      ? problem(
          'retry_back_off',
          node,
          ['retry_back_off', 'max_interval'],
          '`max_interval` is shorter than `base_interval`.',
          {
            envoySays: 'retry_policy.max_interval must greater than or equal to the base_interval',
          },
        )
      : NONE;
  return [
    ...interval,
    ...node
      .list('retry_host_predicate')
      .flatMap((one) => (one.has('typed_config') ? NONE : missingExtension(one, one.text('name') ?? ''))),
  ];
};
