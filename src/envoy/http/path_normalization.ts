import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from './header_map.ts';

/** What becomes of a request by its path, before any route is looked at. */
export type PathVerdict =
  { readonly kind: 'continue' } | { readonly kind: 'refuse' } | { readonly kind: 'redirect'; readonly path: string };

const ESCAPED_SLASH = /%2f|%5c/i;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/** Normalises the path as the connection manager is told to: path_utility.cc. */
export function normalizePath(headers: HeaderMap, manager: ConfigNode): PathVerdict {
  const path = headers.get(':path') ?? '';
  if (path.includes('#')) return { kind: 'refuse' };
  if (!path.startsWith('/')) return { kind: 'continue' };
  const bare = path.split('?', 1)[0]!;
  const query = path.slice(bare.length);
  let now = bare;
  let redirects = false;
  const action = manager.text('path_with_escaped_slashes_action');
  if (ESCAPED_SLASH.test(now)) {
    if (action === 'UNESCAPE_AND_FORWARD' || action === 'UNESCAPE_AND_REDIRECT' || action === 'REJECT_REQUEST') {
      now = now.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
      headers.set(':path', now + query);
      if (action === 'REJECT_REQUEST') return { kind: 'refuse' };
      redirects = action === 'UNESCAPE_AND_REDIRECT';
    }
  }
  if (manager.flag('normalize_path')) now = withoutDots(unescapeUnreserved(now).replaceAll('\\', '/'));
  if (manager.flag('merge_slashes')) now = now.replace(/\/{2,}/g, '/');
  if (now === bare) return { kind: 'continue' };
  headers.set(':path', now + query);
  return redirects ? { kind: 'redirect', path: now + query } : { kind: 'continue' };
}

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
