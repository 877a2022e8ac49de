import type { JsonObject } from '#api';
import type { XdsType } from './resource_types.ts';
import type { XdsResource } from './discovery.ts';

/** What a server is given to serve, by type. */
export type ResourceSets = {
  readonly [type in XdsType]?: {
    readonly version: string | number;
    readonly resources?: readonly JsonObject[] | null;
  };
};

/** The resources of one type: each keeps its own version until it changes. */
export interface ResourceSet {
  readonly version: string;
  readonly byName: ReadonlyMap<string, XdsResource>;
}

/** The set that follows another: a resource that did not change keeps its version, as delta needs it. */
export function nextSet(
  before: ResourceSet | undefined,
  given: { readonly version: string | number; readonly resources?: readonly JsonObject[] | null },
): ResourceSet {
  const version = String(given.version);
  const byName = new Map<string, XdsResource>();
  for (const resource of given.resources ?? []) {
    const name = nameOf(resource);
    const known = before?.byName.get(name);
    const isSame = known !== undefined && JSON.stringify(known.resource) === JSON.stringify(resource);
    byName.set(name, isSame ? known : { name, version, resource });
  }
  return { version, byName };
}

/** A `ClusterLoadAssignment` is named after its cluster, everything else by its own name. */
function nameOf(resource: JsonObject): string {
  const name = resource['cluster_name'] ?? resource['clusterName'] ?? resource['name'];
  return typeof name === 'string' ? name : '';
}
