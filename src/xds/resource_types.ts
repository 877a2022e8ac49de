/** The message of each type of resource, by the type's short name. */
export const MESSAGE_OF = {
  cds: 'envoy.config.cluster.v3.Cluster',
  eds: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  lds: 'envoy.config.listener.v3.Listener',
  rds: 'envoy.config.route.v3.RouteConfiguration',
  srds: 'envoy.config.route.v3.ScopedRouteConfiguration',
  vhds: 'envoy.config.route.v3.VirtualHost',
  sds: 'envoy.extensions.transport_sockets.tls.v3.Secret',
  rtds: 'envoy.service.runtime.v3.Runtime',
  ecds: 'envoy.config.core.v3.TypedExtensionConfig',
} as const;

export type XdsType = keyof typeof MESSAGE_OF;

export const XDS_TYPES = Object.keys(MESSAGE_OF) as XdsType[];

export const isXdsType = (name: string): name is XdsType => name in MESSAGE_OF;

/** The short name of a message or type URL: `…/envoy.config.cluster.v3.Cluster` is `cds`. */
export function typeOfMessage(url: string): XdsType | undefined {
  const name = url.slice(url.lastIndexOf('/') + 1);
  return XDS_TYPES.find((type) => MESSAGE_OF[type] === name);
}

/** The types that a request without names asks for as a whole; of the others it asks for nothing. */
export const isWildcardType = (type: XdsType): boolean => type === 'cds' || type === 'lds' || type === 'srds';
