import { SIMULATION_EPOCH_MS } from '#sim';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';
import { wallTime } from './wall_time.ts';

type Point = (context: FormatterContext) => number | undefined;

/** The moments between which `%COMMON_DURATION(FROM:TO:PRECISION)%` measures; the simulator takes a request in at once. */
const POINTS: Readonly<Record<string, Point>> = {
  DS_RX_BEG: ({ facts }) => facts.startMs,
  DS_RX_END: ({ facts }) => facts.requestDoneMs,
  US_CX_BEG: ({ facts }) => facts.upstreamRequestMs,
  US_CX_END: ({ facts }) => facts.upstreamRequestMs,
  US_TX_BEG: ({ facts }) => facts.upstreamRequestMs,
  US_TX_END: ({ facts }) => facts.upstreamRequestMs,
  US_RX_BEG: ({ facts }) => facts.upstreamResponseMs,
  US_RX_END: ({ facts }) => facts.upstreamResponseMs,
  DS_TX_BEG: ({ facts }) => facts.nowMs,
  DS_TX_END: ({ facts }) => facts.nowMs,
};
const UNITS: Readonly<Record<string, number>> = { ms: 1, us: 1_000, ns: 1_000_000 };

const between = (context: FormatterContext, from: string, to: string): number | undefined => {
  const [begin, end] = [POINTS[from]?.(context), POINTS[to]?.(context)];
  return begin === undefined || end === undefined || end < begin ? undefined : end - begin;
};

const duration =
  (from: string, to: string): Operator =>
  (context) =>
    between(context, from, to);

function commonDuration(context: FormatterContext, argument: string): Value {
  const [from = '', to = '', unit = 'ms'] = argument.split(':');
  const ms = between(context, from, to);
  return ms === undefined ? undefined : Math.floor(ms * (UNITS[unit] ?? 1));
}

const clock =
  (pick: (context: FormatterContext) => number): Operator =>
  (context, format) =>
    wallTime(SIMULATION_EPOCH_MS + pick(context), format);

/** Operators of times and durations: formatter/stream_info_formatter.cc. Local time is UTC here. */
export const TIME_OPERATORS: Readonly<Record<string, Operator>> = {
  START_TIME: clock(({ facts }) => facts.startMs),
  START_TIME_LOCAL: clock(({ facts }) => facts.startMs),
  EMIT_TIME: clock(({ facts }) => facts.nowMs),
  EMIT_TIME_LOCAL: clock(({ facts }) => facts.nowMs),
  DURATION: ({ facts }) => Math.floor(facts.nowMs - facts.startMs),
  REQUEST_DURATION: duration('DS_RX_BEG', 'DS_RX_END'),
  REQUEST_TX_DURATION: duration('DS_RX_BEG', 'US_TX_END'),
  RESPONSE_DURATION: duration('DS_RX_BEG', 'US_RX_BEG'),
  RESPONSE_TX_DURATION: duration('US_RX_BEG', 'DS_TX_END'),
  COMMON_DURATION: commonDuration,
  ROUTE_RESOLUTION_TIME_US: () => 0,
  UPSTREAM_CONNECTION_POOL_READY_DURATION: ({ facts }) => (facts.upstreamRequestMs === undefined ? undefined : 0),
};
