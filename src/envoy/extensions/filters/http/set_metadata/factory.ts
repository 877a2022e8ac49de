import type { ConfigNode } from '../../../../config_node.ts';
import type { Json, JsonObject } from '#api';
import { defineHttpFilter, type FilterCallbacks } from '../../../../http/filter.ts';

export const setMetadataFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.set_metadata',
  type: 'envoy.extensions.filters.http.set_metadata.v3.Config',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config) => (callbacks) => ({
    decode: () => {
      const old = config.text('metadata_namespace');
      if (old !== undefined && old !== '') put(callbacks, old, (config.raw('value') ?? {}) as JsonObject, true);
      for (const entry of config.list('metadata')) {
        const typed = entry.raw('typed_value');
        if (typed !== undefined) putTyped(callbacks, entry, typed);
        else
          put(
            callbacks,
            entry.text('metadata_namespace') ?? '',
            (entry.raw('value') ?? {}) as JsonObject,
            entry.flag('allow_overwrite'),
          );
      }
      return 'continue';
    },
  }),
});

function putTyped(callbacks: FilterCallbacks, entry: ConfigNode, value: Json): void {
  const namespace = entry.text('metadata_namespace') ?? '';
  const { dynamicTypedMetadata: typed } = callbacks;
  if (typed[namespace] !== undefined && !entry.flag('allow_overwrite'))
    return callbacks.stats.add(`${callbacks.statPrefix}set_metadata.overwrite_denied`);
  Object.assign(typed, { [namespace]: value });
}

/** Joins a struct into a namespace; one that is there stays, unless it may be overwritten: set_metadata_filter.cc. */
function put(callbacks: FilterCallbacks, namespace: string, value: JsonObject, mayOverwrite: boolean): void {
  const known = callbacks.dynamicMetadata[namespace] as JsonObject | undefined;
  if (known && !mayOverwrite) return callbacks.stats.add(`${callbacks.statPrefix}set_metadata.overwrite_denied`);
  for (const [key, one] of Object.entries(value)) callbacks.setMetadata(namespace, key, merged(known?.[key], one));
}

function merged(old: Json | undefined, value: Json): Json {
  if (Array.isArray(old) && Array.isArray(value)) return [...old, ...value];
  if (isObject(old) && isObject(value))
    return { ...old, ...Object.fromEntries(Object.entries(value).map(([key, one]) => [key, merged(old[key], one)])) };
  return value;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
