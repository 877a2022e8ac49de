import type { ConfigNode } from '../config_node.ts';
import { firstOf, PathIndex, pathSetOf, type PathSet } from './path_index.ts';

/** A route that takes everything that a later one could: the later one can never match. */
export interface Shadow<T> {
  readonly by: T;
  /** Where it stands in the list. */
  readonly position: number;
  /** What the earlier route takes, in words. */
  readonly takes: string;
}

/**
 * For each route the first earlier one whose path condition covers its own, and which asks for nothing besides the path.
 * Sound, not complete: regular expressions and templates are compared with nothing.
 */
export function shadowsOf<T extends { match: ConfigNode | undefined }>(
  routes: readonly T[],
): (Shadow<T> | undefined)[] {
  const index = new PathIndex();
  return routes.map(({ match }, position) => {
    const later = pathSetOf(match);
    // The beginnings of what a request to the later route's own text looks up are all that can cover it.
    const lists = later ? index.candidates(later.text) : [];
    const by = firstOf(lists, (earlier) => covers(pathSetOf(routes[earlier]!.match)!, later!));
    if (later && asksOnlyForPath(match)) index.add(position, { ...later, caseSensitive: false });
    return by === undefined
      ? undefined
      : { by: routes[by]!, position: by, takes: wordsFor(pathSetOf(routes[by]!.match)!) };
  });
}

const OTHER_CONDITIONS = [
  'headers',
  'query_parameters',
  'cookies',
  'grpc',
  'runtime_fraction',
  'tls_context',
  'dynamic_metadata',
  'filter_state',
];

const asksOnlyForPath = (match: ConfigNode | undefined): boolean =>
  match !== undefined && OTHER_CONDITIONS.every((name) => !match.has(name));

function covers(earlier: PathSet, later: PathSet): boolean {
  // A condition that looks at case takes less than one that does not.
  if (earlier.caseSensitive && !later.caseSensitive && earlier.text !== '/') return false;
  const fold = (text: string): string => (earlier.caseSensitive ? text : text.toLowerCase());
  const [outer, inner] = [fold(earlier.text), fold(later.text)];
  if (earlier.kind === 'prefix') return inner.startsWith(outer);
  if (earlier.kind === 'exact') return later.kind === 'exact' && inner === outer;
  const isBelow = inner.startsWith(`${outer}/`);
  return later.kind === 'prefix' ? isBelow : isBelow || inner === outer;
}

function wordsFor({ kind, text }: PathSet): string {
  if (kind === 'exact') return `the path ${text}`;
  return kind === 'prefix' ? `every path that starts with ${text}` : `${text} and every path below ${text}/`;
}
