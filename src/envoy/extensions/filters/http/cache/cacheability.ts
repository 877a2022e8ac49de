import type { FilterCallbacks } from '../../../../http/filter.ts';
import type { HttpResponse } from '../../../../seams.ts';
import type { StringMatcher } from '../../../../router/string_matcher.ts';
import { responseCacheControl } from './cache_control.ts';

const STATUSES = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501]);
const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-range'];

/** Why a request is not looked up; undefined for one that is: extensions/filters/http/cache/cacheability_utils.cc. */
export function notLookedUp({ request, requestBody, requestTrailers }: FilterCallbacks): string | undefined {
  const method = request.get(':method') ?? '';
  const condition = CONDITIONS.find((name) => request.has(name));
  if (requestBody !== '' || requestTrailers) return 'it has a body';
  if (condition !== undefined) return `it has the header \`${condition}\``;
  if (request.has('authorization')) return 'it has the header `authorization`';
  return method === 'GET' || method === 'HEAD' ? undefined : `its method is ${method}`;
}

/** The headers that a response varies by. */
export const varyOf = ({ headers }: Pick<HttpResponse, 'headers'>): string[] =>
  headers.all('vary').flatMap((one) => one.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()])));

/** Why a response is not kept; undefined for one that is. */
export function notKept(response: HttpResponse, allowedVary: readonly StringMatcher[]): string | undefined {
  const { status, headers } = response;
  const control = responseCacheControl(headers);
  if (control.noStore) return '`cache-control` forbids it';
  if (!STATUSES.has(status)) return `a status ${status} is not cached`;
  if (!control.mustValidate && control.maxAge === undefined && !(headers.has('date') && headers.has('expires')))
    return 'nothing says how long it is fresh';
  const other = varyOf(response).find(
    (name) => name === '*' || allowedVary.every((mismatch) => mismatch(name) !== undefined),
  );
  return other === undefined ? undefined : `it varies by \`${other}\`, which is not in \`allowed_vary_headers\``;
}
