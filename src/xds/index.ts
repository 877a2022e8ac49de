/** What a proxy and a management server say to each other: types, messages, and when a server answers. */
export type {
  AdsStream,
  AdsStreamCallbacks,
  DeltaRequest,
  DeltaResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  XdsRequest,
  XdsResource,
  XdsResponse,
} from './discovery.ts';
export { ManagementServer } from './management_server.ts';
export type { ResourceSets } from './resource_sets.ts';
export { MESSAGE_OF, XDS_TYPES, isXdsType, typeOfMessage, type XdsType } from './resource_types.ts';
