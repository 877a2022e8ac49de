import type { Json } from '#api';

/** A value inside filter metadata as `NAMESPACE:KEY:KEY`: text as it is, the rest as JSON. */
export function metadata(root: Json | undefined, path: readonly string[]): string | undefined {
  let value: Json | undefined = root;
  for (const key of path)
    value = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined;
  return value === undefined || value === null ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
}
