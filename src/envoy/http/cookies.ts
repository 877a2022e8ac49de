import type { HeaderMap } from './header_map.ts';

/** All cookies of a request in their order, as `name=value`. */
export const cookiePairs = (request: HeaderMap): string[] =>
  request.all('cookie').flatMap((header) => header.split(';').map((pair) => pair.trim()));

/** The value of the first cookie of the name, without the quotes that it may stand in: Http::Utility::parseCookieValue. */
export function cookieValue(request: HeaderMap, name: string): string | undefined {
  const pair = cookiePairs(request).find((one) => one.startsWith(`${name}=`));
  if (pair === undefined) return undefined;
  const value = pair.slice(name.length + 1);
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** What makes a client keep a cookie: Http::Utility::makeSetCookieValue. Without `maxAgeS` it goes with the session. */
export function setCookieValue(cookie: {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly maxAgeS: number;
  readonly attributes?: readonly string[];
}): string {
  const parts = [
    `${cookie.name}="${cookie.value}"`,
    ...(cookie.maxAgeS > 0 ? [`Max-Age=${cookie.maxAgeS}`] : []),
    ...(cookie.path === '' ? [] : [`Path=${cookie.path}`]),
    ...(cookie.attributes ?? []),
    'HttpOnly',
  ];
  return parts.join('; ');
}
