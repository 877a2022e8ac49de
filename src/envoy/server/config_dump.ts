import type { Api, Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { Listener } from '../listener/listener.ts';
import type { RouteConfig } from '../router/route_config.ts';
import type { ListenerFailure } from '../subscription/lds_api.ts';
import type { ListedSecret } from '../subscription/secrets.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import type { DynamicResources } from './dynamic_resources.ts';
import { nodeOf } from './server_info.ts';
import type { CommandLineOptions } from './options.ts';
import { timestampOf } from './timestamp.ts';

const ADMIN = 'type.googleapis.com/envoy.admin.v3.';
const MESSAGES = {
  cluster: 'envoy.config.cluster.v3.Cluster',
  listener: 'envoy.config.listener.v3.Listener',
  route_config: 'envoy.config.route.v3.RouteConfiguration',
  scoped_route_config: 'envoy.config.route.v3.ScopedRouteConfiguration',
  ecds_filter: 'envoy.config.core.v3.TypedExtensionConfig',
  secret: 'envoy.extensions.transport_sockets.tls.v3.Secret',
} as const;

export interface DumpSources {
  readonly api: Api;
  readonly bootstrap: ConfigNode;
  readonly resources: DynamicResources;
  readonly options: CommandLineOptions;
}

/** The parts of `/config_dump` in Envoy's order: each an `envoy.admin.v3.…ConfigDump`. */
export function dumpParts(sources: DumpSources, keeps: (name: string) => boolean, includesEds: boolean): JsonObject[] {
  return [
    bootstrapPart(sources),
    clustersPart(sources, keeps),
    ...ecdsPart(sources, keeps),
    ...(includesEds ? [endpointsPart(sources, keeps)] : []),
    listenersPart(sources, keeps),
    scopedRoutesPart(sources),
    routesPart(sources, keeps),
    secretsPart(sources, keeps),
  ];
}

/** Keys and passwords are never shown. */
function secretsPart({ api, resources }: DumpSources, keeps: (name: string) => boolean): JsonObject {
  const shown = ({ name, node, version, createdMs }: ListedSecret): JsonObject => ({
    name,
    ...(version === '' ? {} : { version_info: version }),
    last_updated: timestampOf(createdMs),
    ...(node ? { secret: redacted(anyOf(api, node, MESSAGES.secret)) } : {}),
  });
  const dynamic = resources.secrets.dynamic().filter(({ name }) => keeps(name));
  return part('SecretsConfigDump', {
    static_secrets: resources.secrets
      .static()
      .filter(({ name }) => keeps(name))
      .map(shown),
    dynamic_active_secrets: dynamic.filter(({ node }) => node !== undefined).map(shown),
    dynamic_warming_secrets: dynamic.filter(({ node }) => node === undefined).map(shown),
  });
}

const PRIVATE = new Set(['private_key', 'password', 'secret', 'keys']);

function redacted(value: JsonObject, isPrivate = false): JsonObject {
  const one = (key: string, inner: Json): Json => {
    const hides = isPrivate || PRIVATE.has(key);
    if (Array.isArray(inner)) return inner.map((element) => one(key, element));
    if (typeof inner === 'object' && inner !== null) return redacted(inner, hides);
    return hides && key.startsWith('inline_') ? '[redacted]' : inner;
  };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, one(key, inner)]));
}

/** A part without the lists that are empty and the texts that are not set. */
function part(type: string, fields: Readonly<Record<string, JsonObject[] | string | JsonObject>>): JsonObject {
  const set = Object.entries(fields).filter(([, value]) => value.length !== 0);
  return { '@type': `${ADMIN}${type}`, ...Object.fromEntries(set) };
}

function bootstrapPart({ api, bootstrap, options }: DumpSources): JsonObject {
  const printed = api.print(bootstrap.value, 'envoy.config.bootstrap.v3.Bootstrap');
  return part('BootstrapConfigDump', {
    bootstrap: { ...printed, node: nodeOf(bootstrap, options) },
    last_updated: timestampOf(0),
  });
}

const anyOf = (api: Api, node: ConfigNode, message: string): JsonObject => ({
  '@type': `type.googleapis.com/${message}`,
  ...api.print(node.value, message),
});

/** A resource as an `Any`, with the version that it came in and when. */
function entry(
  api: Api,
  field: keyof typeof MESSAGES,
  { node, createdMs }: { node: ConfigNode; createdMs: number },
  version?: string,
): JsonObject {
  return {
    ...(version === undefined || version === '' ? {} : { version_info: version }),
    [field]: anyOf(api, node, MESSAGES[field]),
    last_updated: timestampOf(createdMs),
  };
}

const byName = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
  [...all].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

function clustersPart({ api, resources }: DumpSources, keeps: (name: string) => boolean): JsonObject {
  const { clusters, clusterWarming, cds } = resources;
  const kept = byName([...clusters.values()]).filter(({ name }) => keeps(name));
  const versionOf = (cluster: Cluster): string | undefined => clusterWarming.versionOf(cluster);
  const dynamic = (all: readonly Cluster[]): JsonObject[] =>
    all.map((one) => entry(api, 'cluster', one, versionOf(one)));
  return part('ClustersConfigDump', {
    version_info: cds?.version ?? '',
    static_clusters: kept.filter((one) => versionOf(one) === undefined).map((one) => entry(api, 'cluster', one)),
    dynamic_active_clusters: dynamic(kept.filter((one) => versionOf(one) !== undefined)),
    dynamic_warming_clusters: dynamic(byName(clusterWarming.warming()).filter(({ name }) => keeps(name))),
  });
}

function listenersPart({ api, resources }: DumpSources, keeps: (name: string) => boolean): JsonObject {
  const { static: fixed, dynamic, failures } = resources.listenerWarming.states();
  const state = (listener: Listener | undefined, name: string): JsonObject =>
    listener ? { [name]: entry(api, 'listener', listener, resources.listenerWarming.versionOf(listener)) } : {};
  return part('ListenersConfigDump', {
    version_info: resources.lds?.version ?? '',
    static_listeners: fixed.filter(({ name }) => keeps(name)).map((one) => entry(api, 'listener', one)),
    dynamic_listeners: [
      ...dynamic
        .filter(({ name }) => keeps(name))
        .map((one) => ({
          name: one.name,
          ...state(one.active, 'active_state'),
          ...state(one.warming, 'warming_state'),
          ...state(one.draining, 'draining_state'),
          ...(one.failure ? errorState(api, one.failure) : {}),
        })),
      ...failures.map((failure) => errorState(api, failure)),
    ],
  });
}

function errorState(api: Api, { node, details }: ListenerFailure): JsonObject {
  return { error_state: { failed_configuration: anyOf(api, node, MESSAGES.listener), details } };
}

function routesPart({ api, resources }: DumpSources, keeps: (name: string) => boolean): JsonObject {
  const isKept = ({ node }: RouteConfig): boolean => keeps(node.text('name') ?? '');
  return part('RoutesConfigDump', {
    static_route_configs: resources.routes
      .staticRoutes()
      .filter(isKept)
      .map((one) => entry(api, 'route_config', one)),
    dynamic_route_configs: resources.routes
      .dynamicRoutes()
      .filter(({ current }) => isKept(current))
      .map(({ current, version }) => entry(api, 'route_config', current, version)),
  });
}

function scopedRoutesPart({ api, resources }: DumpSources): JsonObject {
  const shown = (isDynamic: boolean): JsonObject[] =>
    [...resources.routes.scopedRoutes]
      .filter((one) => one.isDynamic === isDynamic)
      .map(({ name, version, scopes, updatedMs }) => ({
        name,
        ...(version === '' ? {} : { version_info: version }),
        scoped_route_configs: [...scopes.all].map(({ node }) => anyOf(api, node, MESSAGES.scoped_route_config)),
        last_updated: timestampOf(updatedMs),
      }));
  return part('ScopedRoutesConfigDump', {
    inline_scoped_route_configs: shown(false),
    dynamic_scoped_route_configs: shown(true),
  });
}

/** There as soon as any filter asks for its configuration. */
function ecdsPart({ api, resources }: DumpSources, keeps: (name: string) => boolean): JsonObject[] {
  const dumped = resources.extensionConfigs.dumped()?.filter(({ name }) => keeps(name));
  if (!dumped) return [];
  return [
    part('EcdsConfigDump', {
      ecds_filters: dumped.map(({ resource, version, updatedMs }) => ({
        '@type': `${ADMIN}EcdsConfigDump.EcdsFilterConfig`,
        version_info: version,
        ecds_filter: anyOf(api, resource!, MESSAGES.ecds_filter),
        last_updated: timestampOf(updatedMs),
      })),
    }),
  ];
}

function endpointsPart({ resources }: DumpSources, keeps: (name: string) => boolean): JsonObject {
  const all = byName([...resources.clusters.values()]).filter(({ name }) => keeps(name));
  const isDynamic = (one: Cluster): boolean => resources.clusterWarming.versionOf(one) !== undefined;
  return part('EndpointsConfigDump', {
    static_endpoint_configs: all.filter((one) => !isDynamic(one)).map(assignmentOf),
    dynamic_endpoint_configs: all.filter(isDynamic).map(assignmentOf),
  });
}

/** The endpoints that a cluster has now, as an assignment: config_dump_handler.cc, dumpEndpointConfigs. */
function assignmentOf(cluster: Cluster): JsonObject {
  const groups = new Map<string, Host[]>();
  for (const host of cluster.hosts) {
    const key = `${host.priority} ${host.locality.name}`;
    groups.set(key, [...(groups.get(key) ?? []), host]);
  }
  return {
    endpoint_config: {
      '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
      cluster_name: cluster.name,
      ...(groups.size > 0 ? { endpoints: [...groups.values()].map(localityEndpoints) } : {}),
      policy: { overprovisioning_factor: cluster.overprovisioning },
    },
  };
}

function localityEndpoints(hosts: readonly Host[]): JsonObject {
  const { locality, priority } = hosts[0]!;
  const [region = '', zone = '', sub_zone = ''] = locality.name.split('/');
  const named = Object.entries({ region, zone, sub_zone }).filter(([, value]) => value !== '');
  return {
    locality: Object.fromEntries(named),
    lb_endpoints: hosts.map(lbEndpoint),
    load_balancing_weight: locality.weight,
    ...(priority === 0 ? {} : { priority }),
  };
}

const HEALTH = { healthy: 'HEALTHY', degraded: 'DEGRADED', unhealthy: 'UNHEALTHY' } as const;

function lbEndpoint(host: Host): JsonObject {
  const at = host.address.lastIndexOf(':');
  const metadata = host.node.child('metadata')?.raw('filter_metadata');
  return {
    endpoint: {
      address: {
        socket_address: { address: host.address.slice(0, at), port_value: Number(host.address.slice(at + 1)) },
      },
      health_check_config: {},
      ...(host.hostname === '' ? {} : { hostname: host.hostname }),
    },
    health_status: HEALTH[host.health],
    ...(metadata === undefined ? {} : { metadata: { filter_metadata: metadata } }),
    load_balancing_weight: host.weight,
  };
}
