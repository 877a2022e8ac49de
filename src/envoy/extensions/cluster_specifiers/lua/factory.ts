import { textOfSource } from '../../../data_source.ts';
import type { HeaderMap } from '../../../http/header_map.ts';
import { libraryOf } from '../../../linked_library.ts';
import type { LuaObject } from '../../../lua/lua_runtime.ts';
import type { ClusterSpecifierContext, ClusterSpecifierFactory } from '../../../router/cluster_specifier.ts';
import type { Resource } from '../../../upstream/circuit_breaker.ts';
import type { Cluster } from '../../../upstream/cluster.ts';

const FUNCTION = 'envoy_on_route';

/** A script that names the cluster; where it fails the default does: cluster_specifiers/lua/lua_cluster_specifier.cc. */
export const luaClusterSpecifierFactory: ClusterSpecifierFactory = {
  type: 'envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig',
  compile: (config, context) => {
    const loaded = libraryOf('lua').load(textOfSource(config.child('source_code'), context.fileSystem) ?? '');
    const otherwise = config.text('default_cluster') ?? '';
    return ({ request }) => {
      if (!('script' in loaded)) return otherwise;
      let chosen = otherwise;
      loaded.script.call(FUNCTION, routeHandle(request, context), (error, result) => {
        if (error === undefined && (typeof result === 'string' || typeof result === 'number')) chosen = String(result);
      });
      return chosen;
    };
  },
};

function routeHandle(request: HeaderMap, { clusters }: ClusterSpecifierContext): LuaObject {
  return {
    methods: {
      headers: () => [{ methods: { get: (name) => joined(request, String(name).toLowerCase()) } }],
      getCluster: (name) => {
        const cluster = clusters.get(String(name));
        return cluster ? [clusterObject(cluster)] : [];
      },
    },
  };
}

const joined = (headers: HeaderMap, name: string): readonly string[] =>
  headers.has(name) ? [headers.all(name).join(',')] : [];

/** What is under way to the cluster, over both priorities. */
function clusterObject(cluster: Cluster): LuaObject {
  const sum = (resource: Resource): readonly number[] => [
    cluster.breaker('DEFAULT').held(resource) + cluster.breaker('HIGH').held(resource),
  ];
  return {
    methods: {
      numConnections: () => sum('connections'),
      numRequests: () => sum('requests'),
      numPendingRequests: () => sum('pending_requests'),
    },
  };
}
