/** The path with parameters set and removed; those that stay keep their order: http/utility.cc, QueryParamsMulti. */
export function setQueryParameters(
  path: string,
  set: readonly (readonly [string, string])[],
  remove: readonly string[],
): string {
  const mark = path.indexOf('?');
  const query = mark < 0 ? '' : path.slice(mark + 1);
  const parameters = new Map<string, string[]>();
  for (const part of query === '' ? [] : query.split('&')) {
    const equals = part.indexOf('=');
    const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  for (const [name, value] of set) parameters.set(name, [value]);
  for (const name of remove) parameters.delete(name);
  // Envoy holds them in an ordered map.
  const parts = [...parameters.keys()].sort().flatMap((name) => parameters.get(name)!.map((one) => `${name}=${one}`));
  const bare = mark < 0 ? path : path.slice(0, mark);
  return parts.length === 0 ? bare : `${bare}?${parts.join('&')}`;
}
