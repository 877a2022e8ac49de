import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { isGrpc } from '../formatter/grpc_status.ts';
import type { HeaderMap } from './header_map.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** `grpc-timeout`: up to eight digits and a unit. */
export function grpcTimeoutMs(headers: HeaderMap): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(headers.get('grpc-timeout') ?? '') ?? [];
  return digits === undefined ? undefined : Math.ceil(Number(digits) * UNIT_MS[unit!]!);
}

const LARGEST = 99_999_999;

/** `grpc-timeout` in the smallest unit that eight digits can hold: grpc/common.cc, toGrpcTimeout. */
export function setGrpcTimeout(headers: HeaderMap, ms: number): void {
  const units = [
    ['m', 1],
    ['S', 1_000],
    ['M', 60_000],
    ['H', 3_600_000],
  ] as const;
  const [unit, size] = units.find(([, one]) => Math.floor(ms / one) <= LARGEST) ?? units[3];
  headers.set('grpc-timeout', `${Math.min(LARGEST, Math.floor(ms / size))}${unit}`);
}

/**
 * How long a stream may last in all, undefined where there is no end: the route's `max_stream_duration`, what a gRPC client
 * asks for in its bounds, or the connection manager's. The upstream is told what is left of `grpc-timeout`
 * (conn_manager_impl.cc, refreshDurationTimeout).
 */
export function streamDurationMs(
  route: ConfigNode | undefined,
  managerMs: number,
  headers: HeaderMap,
): number | undefined {
  const own = route?.child('max_stream_duration');
  const ms =
    (own && grpcDurationMs(own, headers)) ?? ((durationMs(own?.text('max_stream_duration')) ?? managerMs) || undefined);
  if (own && ms !== undefined && isGrpc(headers)) setGrpcTimeout(headers, ms);
  return ms;
}

/** What a gRPC client asks for: at most what the route allows, less its offset. With nothing left the time is up at once. */
function grpcDurationMs(own: ConfigNode, headers: HeaderMap): number | undefined {
  const asked = grpcTimeoutMs(headers);
  const cap = durationMs(own.text('grpc_timeout_header_max'));
  if (asked === undefined || cap === undefined) return undefined;
  const ms = cap === 0 ? asked : Math.min(cap, asked);
  return Math.max(0, ms - (durationMs(own.text('grpc_timeout_header_offset')) ?? 0));
}
