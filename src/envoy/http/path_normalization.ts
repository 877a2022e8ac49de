import type { ConnectionManagerSettings } from './settings.ts';
import type { HeaderMap } from './header_map.ts';

/** What becomes of a request by its path, before any route is looked at. */
export type PathVerdict =
  { readonly kind: 'continue' } | { readonly kind: 'refuse' } | { readonly kind: 'redirect'; readonly path: string };

const ESCAPED_SLASH = /%2f|%5c/i;
const CONTINUE: PathVerdict = { kind: 'continue' };
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/** Normalises the path as the connection manager is told to: path_utility.cc. */
export function normalizePath(headers: HeaderMap, settings: ConnectionManagerSettings): PathVerdict {
  const path = headers.get(':path') ?? '';
  if (path.includes('#')) return { kind: 'refuse' };
  if (!path.startsWith('/')) return CONTINUE;
  if (isLeftAlone(settings)) return CONTINUE;
  const bare = path.split('?', 1)[0]!;
  const query = path.slice(bare.length);
  let now = bare;
  let redirects = false;
  if (ESCAPED_SLASH.test(now)) {
    if (
      settings.escapedSlashes === 'UNESCAPE_AND_FORWARD' ||
      settings.escapedSlashes === 'UNESCAPE_AND_REDIRECT' ||
      settings.escapedSlashes === 'REJECT_REQUEST'
    ) {
      now = now.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
      headers.set(':path', now + query);
      if (settings.escapedSlashes === 'REJECT_REQUEST') return { kind: 'refuse' };
      redirects = settings.escapedSlashes === 'UNESCAPE_AND_REDIRECT';
    }
  }
  if (settings.normalizesPath) now = withoutDots(unescapeUnreserved(now).replaceAll('\\', '/'));
  if (settings.mergesSlashes) now = now.replace(/\/{2,}/g, '/');
  if (now === bare) return CONTINUE;
  headers.set(':path', now + query);
  return redirects ? { kind: 'redirect', path: now + query } : { kind: 'continue' };
}

const isLeftAlone = (settings: ConnectionManagerSettings): boolean =>
  !settings.normalizesPath && !settings.mergesSlashes && settings.escapedSlashes === undefined;

const unescapeUnreserved = (path: string): string =>
  path.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const letter = String.fromCharCode(parseInt(escaped.slice(1), 16));
    return UNRESERVED.test(letter) ? letter : escaped;
  });

function withoutDots(path: string): string {
  const out: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    if (segment === '..') out.pop();
    if (segment !== '.' && segment !== '..') out.push(segment);
    else if (isLast) out.push('');
  }
  return `/${out.join('/')}`;
}
