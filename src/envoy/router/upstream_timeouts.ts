import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { isGrpc } from '../formatter/grpc_status.ts';
import type { Stream } from '../http/stream.ts';
import { grpcTimeoutMs } from '../http/stream_duration.ts';
import type { Route } from './route.ts';

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
  { route, virtualHost, request, router }: Pick<Stream, 'route' | 'virtualHost' | 'request' | 'router'>,
  retryPolicy: ConfigNode | undefined,
): UpstreamTimeouts {
  const globalMs =
    (router.respectsExpectedTimeout ? milliseconds(request, 'x-envoy-expected-rq-timeout-ms') : undefined) ??
    milliseconds(request, 'x-envoy-upstream-rq-timeout-ms') ??
    (asksGrpc(route!, request) ? grpcMs(route!.action!, request) : route!.timeoutMs);
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

/** `max_grpc_timeout`, which `max_stream_duration` has taken the place of. */
export const asksGrpc = ({ action }: Route, request: HeaderMap): boolean =>
  action!.has('max_grpc_timeout') && !action!.has('max_stream_duration') && isGrpc(request);

/** What a gRPC client asks for, less the route's offset, at most what the route allows; 0 is without end. */
function grpcMs(action: ConfigNode, request: HeaderMap): number {
  const asked = grpcTimeoutMs(request) ?? 0;
  const offset = durationMs(action.text('grpc_timeout_offset')) ?? 0;
  const ms = offset < asked ? asked - offset : asked;
  const max = durationMs(action.text('max_grpc_timeout')) ?? 0;
  return max > 0 && (ms === 0 || ms > max) ? max : ms;
}

function milliseconds(request: HeaderMap, name: string): number | undefined {
  const value = request.get(name);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
