import type { HeaderMap } from '../../../../http/header_map.ts';

/** What `cache-control` of a request or a response says, as far as Envoy reads it. Durations are seconds. */
export interface CacheControl {
  readonly mustValidate: boolean;
  readonly noStore: boolean;
  readonly noStale: boolean;
  readonly maxAge: number | undefined;
  readonly minFresh: number | undefined;
  readonly maxStale: number | undefined;
}

/** Of a request: extensions/filters/http/cache/cache_headers_utils.cc. Without the header, `pragma: no-cache` counts. */
export function requestCacheControl(headers: HeaderMap): CacheControl {
  const directives = directivesOf(headers.get('cache-control'));
  const isPragma = !headers.has('cache-control') && directivesOf(headers.get('pragma')).has('no-cache');
  const maxStale = directives.get('max-stale');
  return {
    mustValidate: directives.has('no-cache') || isPragma,
    noStore: directives.has('no-store'),
    noStale: false,
    maxAge: secondsOf(directives.get('max-age')),
    minFresh: secondsOf(directives.get('min-fresh')),
    maxStale: maxStale === '' ? Infinity : secondsOf(maxStale),
  };
}

/** Of a response, where a cache is shared: `s-maxage` goes before `max-age`, and what is private is not stored. */
export function responseCacheControl(headers: HeaderMap): CacheControl {
  const directives = directivesOf(headers.get('cache-control'));
  return {
    mustValidate: directives.has('no-cache'),
    noStore: directives.has('no-store') || directives.has('private'),
    noStale: directives.has('must-revalidate') || directives.has('proxy-revalidate'),
    maxAge: secondsOf(directives.get('s-maxage')) ?? secondsOf(directives.get('max-age')),
    minFresh: undefined,
    maxStale: undefined,
  };
}

/** Of a request that says nothing, or is not listened to. */
export const NO_CONTROL: CacheControl = {
  mustValidate: false,
  noStore: false,
  noStale: false,
  maxAge: undefined,
  minFresh: undefined,
  maxStale: undefined,
};

function directivesOf(header = ''): Map<string, string> {
  return new Map(
    header.split(',').map((part) => {
      const [name = '', ...value] = part.trim().split('=');
      return [name, value.join('=')];
    }),
  );
}

function secondsOf(text: string | undefined): number | undefined {
  const digits = /^"?(\d+)"?$/.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
