import type { ConfigNode } from '../config_node.ts';

/** What a route's path condition takes, as far as two of them can be compared. */
type PathSet =
  | { readonly kind: 'prefix' | 'separated' | 'exact'; readonly text: string; readonly caseSensitive: boolean }
  | undefined;

/** A route that takes everything that a later one could: the later one can never match. */
export interface Shadow<T> {
  readonly by: T;
  /** What the earlier route takes, in words. */
  readonly takes: string;
}

/**
 * The first earlier route whose path condition covers the later one's, and which asks for nothing besides the path.
 * Sound, not complete: regular expressions and templates are compared with nothing.
 */
export function shadowOf<T extends { match: ConfigNode | undefined }>(
  routes: readonly T[],
  index: number,
): Shadow<T> | undefined {
  const later = pathSetOf(routes[index]?.match);
  if (!later) return undefined;
  for (const by of routes.slice(0, index)) {
    const earlier = asksOnlyForPath(by.match) ? pathSetOf(by.match) : undefined;
    if (earlier && covers(earlier, later)) return { by, takes: wordsFor(earlier) };
  }
  return undefined;
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

function pathSetOf(match: ConfigNode | undefined): PathSet {
  if (!match) return undefined;
  const caseSensitive = match.raw('case_sensitive') !== false;
  const prefix = match.text('prefix');
  if (prefix !== undefined) return { kind: 'prefix', text: prefix, caseSensitive };
  const separated = match.text('path_separated_prefix');
  if (separated !== undefined) return { kind: 'separated', text: separated, caseSensitive };
  const exact = match.text('path');
  return exact === undefined ? undefined : { kind: 'exact', text: exact, caseSensitive };
}

function covers(earlier: NonNullable<PathSet>, later: NonNullable<PathSet>): boolean {
  // A condition that looks at case takes less than one that does not.
  if (earlier.caseSensitive && !later.caseSensitive && earlier.text !== '/') return false;
  const fold = (text: string): string => (earlier.caseSensitive ? text : text.toLowerCase());
  const [outer, inner] = [fold(earlier.text), fold(later.text)];
  if (earlier.kind === 'prefix') return inner.startsWith(outer);
  if (earlier.kind === 'exact') return later.kind === 'exact' && inner === outer;
  const isBelow = inner.startsWith(`${outer}/`);
  return later.kind === 'prefix' ? isBelow : isBelow || inner === outer;
}

function wordsFor({ kind, text }: NonNullable<PathSet>): string {
  if (kind === 'exact') return `the path ${text}`;
  return kind === 'prefix' ? `every path that starts with ${text}` : `${text} and every path below ${text}/`;
}
