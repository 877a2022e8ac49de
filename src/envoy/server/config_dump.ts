import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';

const TYPE = 'type.googleapis.com/envoy.admin.v3.';

/** `/config_dump` of a proxy without xDS: the bootstrap and what is static in it, in the proto's own names. */
export function configDump(bootstrap: ConfigNode): JsonObject {
  const resources = bootstrap.child('static_resources');
  const clusters = resources?.list('clusters') ?? [];
  const listeners = resources?.list('listeners') ?? [];
  const byName = [...clusters].sort((a, b) => ((a.text('name') ?? '') < (b.text('name') ?? '') ? -1 : 1));
  return {
    configs: [
      { '@type': `${TYPE}BootstrapConfigDump`, bootstrap: protoNames(bootstrap.value) },
      {
        '@type': `${TYPE}ClustersConfigDump`,
        static_clusters: byName.map((one) => ({ cluster: protoNames(one.value) })),
      },
      {
        '@type': `${TYPE}ListenersConfigDump`,
        static_listeners: listeners.map((one) => ({ listener: protoNames(one.value) })),
      },
      {
        '@type': `${TYPE}RoutesConfigDump`,
        static_route_configs: listeners.flatMap(routeConfigs).map((one) => ({ route_config: protoNames(one) })),
      },
    ],
  };
}

function routeConfigs(listener: ConfigNode): JsonObject[] {
  const chains = [
    ...listener.list('filter_chains'),
    ...[listener.child('default_filter_chain')].filter((one) => one !== undefined),
  ];
  return chains
    .flatMap((chain) => chain.list('filters'))
    .flatMap((filter) => {
      const config = filter.child('typed_config')?.child('route_config')?.value;
      return config ? [config] : [];
    });
}

/** The spelling of Envoy's dump: fields in snake_case, maps and structs as they are spelled. */
function protoNames(value: Json): Json {
  if (Array.isArray(value)) return value.map(protoNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      /^[a-z][a-zA-Z0-9]*$/.test(key) ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key,
      protoNames(one),
    ]),
  );
}
