import type { Json } from '#api';

/** `NAMESPACE:KEY:KEY`, or as it was once written: `["NAMESPACE", "KEY"]`. */
export function metadataPath(argument: string): string[] {
  if (!argument.startsWith('[')) return argument.split(':');
  return [...argument.matchAll(/"([^"]*)"/g)].map(([, key]) => key!);
}

function sortedByKey(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortedByKey);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortedByKey(value[key]!)]),
  );
}

/** A value inside filter metadata as `NAMESPACE:KEY:KEY`: objects with their keys in order. */
export function metadata(root: Json | undefined, path: readonly string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const key of path)
    value = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined;
  return value === undefined || value === null ? undefined : sortedByKey(value);
}
