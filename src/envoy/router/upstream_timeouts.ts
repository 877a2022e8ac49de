import type { HeaderMap } from '../http/header_map.ts';
import type { Route } from './route.ts';

/** How long a request may take as a whole, and each try of it; 0 is without end. */
export interface UpstreamTimeouts {
  readonly globalMs: number;
  readonly perTryMs: number;
}

/** The route's timeout, unless the request brings its own; a try can not take longer than the whole: router.cc, finalTimeout. */
export function timeoutsOf(route: Route, perTryMs: number, request: HeaderMap): UpstreamTimeouts {
  const header = request.get('x-envoy-upstream-rq-timeout-ms');
  const globalMs = header !== undefined && /^\d+$/.test(header) ? Number(header) : route.timeoutMs;
  return { globalMs, perTryMs: globalMs > 0 && perTryMs >= globalMs ? 0 : perTryMs };
}
