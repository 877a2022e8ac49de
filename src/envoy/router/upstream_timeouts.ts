import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { Stream } from '../http/stream.ts';

/** How long a request may take as a whole, and each try of it; 0 is without end. */
export interface UpstreamTimeouts {
  readonly globalMs: number;
  readonly perTryMs: number;
  /** What is answered when the time is up: 504, or 204 where the request asks for that. */
  readonly status: 204 | 504;
  /** A try whose time is up goes on beside the next one. */
  readonly hedges: boolean;
}

/** The route's timeout, unless the request brings its own; a try can not take longer than the whole: router.cc, finalTimeout. */
export function timeoutsOf(
  { route, virtualHost, request }: Pick<Stream, 'route' | 'virtualHost' | 'request'>,
  retryPolicy: ConfigNode | undefined,
): UpstreamTimeouts {
  const globalMs = milliseconds(request, 'x-envoy-upstream-rq-timeout-ms') ?? route!.timeoutMs;
  const perTryMs =
    milliseconds(request, 'x-envoy-upstream-rq-per-try-timeout-ms') ??
    durationMs(retryPolicy?.text('per_try_timeout')) ??
    0;
  const hedge = route!.action!.child('hedge_policy') ?? virtualHost?.node.child('hedge_policy');
  const asked = request.get('x-envoy-hedge-on-per-try-timeout');
  const hedges = asked === undefined ? hedge?.flag('hedge_on_per_try_timeout') === true : asked === 'true';
  const status = request.has('x-envoy-upstream-rq-timeout-alt-response') ? 204 : 504;
  return { globalMs, perTryMs: globalMs > 0 && perTryMs >= globalMs ? 0 : perTryMs, status, hedges };
}

function milliseconds(request: HeaderMap, name: string): number | undefined {
  const value = request.get(name);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
