import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
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
function grpcTimeoutMs(headers: HeaderMap): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(headers.get('grpc-timeout') ?? '') ?? [];
  return digits === undefined ? undefined : Math.ceil(Number(digits) * UNIT_MS[unit!]!);
}

/**
 * How long a stream may last in all, 0 where there is no end: the route's `max_stream_duration`, what a gRPC client
 * asks for in its bounds, or the connection manager's. The upstream is told what is left of `grpc-timeout`
 * (conn_manager_impl.cc, refreshDurationTimeout).
 */
export function streamDurationMs(route: ConfigNode | undefined, managerMs: number, headers: HeaderMap): number {
  const own = route?.child('max_stream_duration');
  const asked = grpcTimeoutMs(headers);
  const cap = durationMs(own?.text('grpc_timeout_header_max'));
  if (asked === undefined || cap === undefined) {
    const ms = durationMs(own?.text('max_stream_duration')) ?? managerMs;
    if (asked !== undefined && own) headers.set('grpc-timeout', `${ms}m`);
    return ms;
  }
  let ms = cap !== 0 && asked > cap ? cap : asked;
  const offset = durationMs(own?.text('grpc_timeout_header_offset')) ?? 0;
  if (offset < ms) ms -= offset;
  headers.set('grpc-timeout', `${ms}m`);
  return ms;
}
