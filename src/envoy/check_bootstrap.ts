import type { JsonObject } from '#api';
import { didYouMean, nearest, type ConfigRef, type Diagnostic } from '#source';
import { ConfigNode } from './config_node.ts';
import { unknownOperator } from './formatter/command_operators.ts';
import { compileRouteMatch } from './router/route_match.ts';

const HTTP_ROUTER = '.filters.http.router.v3.Router';

/** What Envoy refuses at start beyond single fields, and what it takes but this engine does not run. */
export function checkBootstrap(bootstrap: JsonObject, ref: ConfigRef): Diagnostic[] {
  const resources = new ConfigNode(bootstrap, ref).child('static_resources');
  const clusters = resources?.list('clusters') ?? [];
  const managers = (resources?.list('listeners') ?? []).flatMap(managersOf);
  const names = new Set(clusters.map((cluster) => cluster.text('name') ?? ''));
  const listeners = resources?.list('listeners') ?? [];
  return [
    ...listeners.flatMap(duplicateChains),
    ...clusters.flatMap(checkCluster),
    ...duplicateClusters(clusters),
    ...managers.flatMap((manager) => checkManager(manager, names)),
  ];
}

function managersOf(listener: ConfigNode): ConfigNode[] {
  const chains = [
    ...listener.list('filter_chains'),
    ...[listener.child('default_filter_chain')].filter((one) => one !== undefined),
  ];
  return chains
    .flatMap((chain) => chain.list('filters'))
    .flatMap((filter) => {
      const config = filter.child('typed_config');
      return config?.text('@type')?.endsWith('.HttpConnectionManager') === true ? [config] : [];
    });
}

function problem(
  code: string,
  ref: ConfigRef,
  message: string,
  more: Partial<Pick<Diagnostic, 'help' | 'envoySays' | 'meant'>> = {},
): Diagnostic {
  return { code, severity: 'error', ref, message, ...more };
}

function duplicateChains(listener: ConfigNode): Diagnostic[] {
  if (listener.has('filter_chain_matcher')) return [];
  const seen = new Map<string, string>();
  return listener.list('filter_chains').flatMap((chain) => {
    const match = JSON.stringify(chain.child('filter_chain_match')?.value ?? {});
    const name = chain.text('name') ?? '';
    const earlier = seen.get(match);
    seen.set(match, name);
    if (earlier === undefined) return [];
    return [
      problem(
        'duplicate_chain',
        chain.ref,
        `This filter chain${name === '' ? '' : ` \`${name}\``} has the same filter chain match as${earlier === '' ? ' an earlier one' : ` \`${earlier}\``}.`,
        {
          help: 'Tell them apart by `filter_chain_match`, or join them.',
          envoySays: `filter chain '${name}' has the same matching rules defined as '${earlier}'`,
        },
      ),
    ];
  });
}

function duplicateClusters(clusters: readonly ConfigNode[]): Diagnostic[] {
  const seen = new Set<string>();
  return clusters.flatMap((cluster) => {
    const name = cluster.text('name') ?? '';
    if (!seen.has(name)) return (seen.add(name), []);
    return [
      problem('duplicate_cluster', cluster.ref, `Two clusters are called \`${name}\`.`, {
        envoySays: `cluster manager: duplicate cluster '${name}'`,
      }),
    ];
  });
}

function checkCluster(cluster: ConfigNode): Diagnostic[] {
  const type = cluster.text('type') ?? 'STATIC';
  if (type === 'EDS' && !cluster.has('eds_cluster_config')) {
    return [
      problem(
        'eds_config',
        cluster.ref,
        `The EDS cluster \`${cluster.text('name') ?? ''}\` has no \`eds_cluster_config\`.`,
        { envoySays: 'cannot create an EDS cluster without an EDS config' },
      ),
    ];
  }
  if (type !== 'STATIC' || cluster.has('cluster_type')) return [];
  const sockets =
    cluster
      .child('load_assignment')
      ?.list('endpoints')
      .flatMap((one) => one.list('lb_endpoints'))
      .flatMap((one) => one.child('endpoint')?.child('address')?.child('socket_address') ?? []) ?? [];
  return sockets.flatMap((socket) => {
    const address = socket.text('address') ?? '';
    if (/^\d+\.\d+\.\d+\.\d+$/.test(address) || address.includes(':')) return [];
    return [
      problem('address', socket.ref, `"${address}" is a name, and a STATIC cluster takes IP addresses only.`, {
        help: 'Give an IP address, or make the cluster `type: STRICT_DNS`.',
        envoySays: `malformed IP address: ${address}. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'`,
      }),
    ];
  });
}

function checkManager(manager: ConfigNode, clusters: ReadonlySet<string>): Diagnostic[] {
  const routeConfig = manager.child('route_config');
  return [...checkFilters(manager.list('http_filters')), ...(routeConfig ? checkRoutes(routeConfig, clusters) : [])];
}

function checkFilters(filters: readonly ConfigNode[]): Diagnostic[] {
  const isRouter = (filter: ConfigNode): boolean =>
    filter.child('typed_config')?.text('@type')?.endsWith(HTTP_ROUTER) === true;
  return filters.flatMap((filter, i): Diagnostic[] => {
    const name = filter.text('name') ?? '';
    const isLast = i === filters.length - 1;
    if (isRouter(filter) && !isLast)
      return [
        problem('filter_order', filter.ref, `\`${name}\` is a terminal filter and must be the last of its chain.`, {
          envoySays: `Error: terminal filter named ${name} of type ${name} must be the last filter in a http filter chain.`,
        }),
      ];
    if (isRouter(filter)) return [];
    const type = filter.child('typed_config')?.text('@type') ?? '';
    const isUpstreamCodec =
      /UpstreamCodec$|TypedStruct$|ExtensionWithMatcher$/.test(type) || filter.has('config_discovery');
    if (!isLast || isUpstreamCodec) return [];
    return [
      problem(
        'filter_order',
        filter.ref,
        `The last HTTP filter must be a terminal one such as \`envoy.filters.http.router\`, found \`${name}\`.`,
        {
          envoySays: `Error: non-terminal filter named ${name} of type ${name} is the last filter in a http filter chain.`,
        },
      ),
    ];
  });
}

function checkRoutes(routeConfig: ConfigNode, clusters: ReadonlySet<string>): Diagnostic[] {
  const domains = new Set<string>();
  return routeConfig.list('virtual_hosts').flatMap((host) => [
    ...host.texts('domains').flatMap((domain, i) => {
      if (!domains.has(domain.toLowerCase())) return (domains.add(domain.toLowerCase()), []);
      return [
        problem(
          'duplicate_domain',
          { ...host.ref, path: [...host.ref.path, 'domains', i] },
          `The domain "${domain.toLowerCase()}" stands in two places of this route configuration (upper and lower case are one).`,
          {
            envoySays: `Only unique values for domains are permitted. Duplicate entry of domain ${domain.toLowerCase()} in route ${routeConfig.text('name') ?? ''}`,
          },
        ),
      ];
    }),
    ...[host, ...host.list('routes')].flatMap((node) => [...checkHeaders(node), ...checkOperators(node)]),
    ...host
      .list('routes')
      .flatMap((route) => [
        ...checkMatch(route),
        ...checkWeights(route),
        ...(routeConfig.raw('validate_clusters') === false ? [] : checkTarget(route, clusters)),
      ]),
  ]);
}

function checkHeaders(node: ConfigNode): Diagnostic[] {
  return node.list('request_headers_to_add').flatMap((option) => {
    const key = option.child('header')?.text('key') ?? '';
    if (!key.startsWith(':') && key.toLowerCase() !== 'host') return [];
    return [
      problem('header_name', option.ref, `The header \`${key}\` cannot be changed here.`, {
        help: 'Use `host_rewrite_literal` or a path rewrite of the route.',
        envoySays: ':-prefixed or host headers may not be modified',
      }),
    ];
  });
}

function checkOperators(node: ConfigNode): Diagnostic[] {
  const options = [...node.list('request_headers_to_add'), ...node.list('response_headers_to_add')];
  return options.flatMap((option) => {
    const unknown = unknownOperator(option.child('header')?.text('value') ?? '');
    return unknown === undefined
      ? []
      : [
          problem('command_operator', option.ref, `\`%${unknown}%\` is not a command operator of Envoy.`, {
            envoySays: `Not supported field in StreamInfo: ${unknown}`,
          }),
        ];
  });
}

function checkMatch(route: ConfigNode): Diagnostic[] {
  const match = route.child('match');
  try {
    if (match) compileRouteMatch(match);
    return [];
  } catch (error) {
    return [
      problem('regex', match!.ref, `A regex of this match is not one that RE2 takes: ${(error as Error).message}.`),
    ];
  }
}

function checkWeights(route: ConfigNode): Diagnostic[] {
  const weighted = route.child('route')?.child('weighted_clusters');
  const weights = weighted?.list('clusters').map((one) => one.number('weight') ?? 0) ?? [];
  if (weights.length === 0 || weights.some((one) => one > 0)) return [];
  return [
    problem(
      'weights',
      weighted!.ref,
      'The weights of `weighted_clusters` add up to 0: give at least one cluster a weight.',
      { envoySays: 'Sum of weights in the weighted_cluster must be greater than 0.' },
    ),
  ];
}

function checkTarget(route: ConfigNode, clusters: ReadonlySet<string>): Diagnostic[] {
  const action = route.child('route');
  const targets = [
    action?.text('cluster'),
    ...(action
      ?.child('weighted_clusters')
      ?.list('clusters')
      .map((one) => one.text('name')) ?? []),
  ];
  return targets.flatMap((name) => {
    if (name === undefined || name === '' || clusters.has(name)) return [];
    const meant = nearest(name, clusters);
    return [
      problem(
        'unknown_cluster',
        action!.ref,
        `The route sends to the cluster \`${name}\`, and no cluster has that name.`,
        {
          ...(meant === undefined ? {} : didYouMean(name, meant)),
          envoySays: `route: unknown cluster '${name}'`,
        },
      ),
    ];
  });
}
