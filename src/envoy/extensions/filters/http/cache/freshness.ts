import { secondsOfHttpDate } from '../../../../http/http_date.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { responseCacheControl, type CacheControl } from './cache_control.ts';

/** The time in a header, in seconds since 1970; 0 where there is none, as Envoy has it. */
const secondsIn = (headers: HeaderMap, name: string): number => secondsOfHttpDate(headers.get(name) ?? '') ?? 0;

export const hasTime = (headers: HeaderMap, name: string): boolean => secondsIn(headers, name) !== 0;

/** How old a response is that came at `responseS`: RFC 9111, 4.2.3. Without a `date` it is as old as time. */
export function ageOf(headers: HeaderMap, responseS: number, nowS: number): number {
  const apparent = Math.max(0, responseS - secondsIn(headers, 'date'));
  return Math.max(apparent, Number(headers.get('age')) || 0) + (nowS - responseS);
}

/** Why a kept response may not be given as it is; undefined where it may: LookupRequest::requiresValidation. */
export function needToValidate(headers: HeaderMap, age: number, request: CacheControl): string | undefined {
  const response = responseCacheControl(headers);
  if (response.mustValidate) return 'the response says `no-cache`';
  if (request.mustValidate) return 'the request says `no-cache`';
  if (request.maxAge !== undefined && request.maxAge < age)
    return `it is ${age} s old, and the request takes ${request.maxAge} s at most`;
  const lifetime = response.maxAge ?? secondsIn(headers, 'expires') - secondsIn(headers, 'date');
  if (age <= lifetime)
    return request.minFresh !== undefined && request.minFresh > lifetime - age
      ? `it is fresh for ${lifetime - age} s, and the request wants ${request.minFresh} s`
      : undefined;
  const isAllowed = request.maxStale !== undefined && request.maxStale > age - lifetime;
  if (isAllowed && !response.noStale) return undefined;
  return headers.has('date')
    ? `it is ${age} s old, and fresh for ${lifetime} s`
    : 'it has no `date`, and so no age that could be fresh';
}
