import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FactoryContext } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { compileHeaderMatcher } from '../../../../router/route_match.ts';
import { fractionOf, type Fraction } from '../../../../runtime/runtime.ts';
import { createStats } from '../../../../stats/stat_set.ts';

const COUNTERS = ['delays_injected', 'aborts_injected', 'response_rl_injected', 'faults_overflow'] as const;
const NONE: Fraction = { numerator: 0, denominator: 100 };

/** One kind of fault: what it does is in `node`, whom it meets in `share`, unless a key of the runtime says otherwise. */
export interface Fault {
  readonly node: ConfigNode;
  readonly share: Fraction;
  readonly shareKey: string;
  /** A header of the request tells the fault, and may lower its share. */
  readonly isByHeader: boolean;
}

/** The keys of the runtime that may take the place of what is configured: fault_filter.cc, RuntimeKeys. */
export interface FaultKeys {
  readonly delayMs: string;
  readonly httpStatus: string;
  readonly grpcStatus: string;
  readonly maxActive: string;
}

export interface FaultConfig {
  readonly node: ConfigNode;
  readonly applies: (request: HeaderMap) => boolean;
  readonly upstreamCluster: string | undefined;
  readonly nodes: readonly string[];
  readonly delay: Fault | undefined;
  readonly delayMs: number | undefined;
  readonly abort: Fault | undefined;
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly abortBody: string;
  readonly rateLimit: Fault | undefined;
  readonly limitKbps: number | undefined;
  readonly maxActive: number;
  readonly keys: FaultKeys;
  readonly countsByCaller: boolean;
  readonly stats: ReturnType<typeof statsOf>;
  readonly statPrefix: string;
}

const statsOf = ({ stats, statPrefix }: FactoryContext) =>
  createStats(stats, `${statPrefix}fault.`, { counters: COUNTERS, gauges: ['active_faults'] as const });

/** `HTTPFault`: whom it disturbs, and how. */
export function compileFault(node: ConfigNode, context: FactoryContext): FaultConfig {
  const matchers = node.list('headers').map(compileHeaderMatcher);
  const key = (field: string, otherwise: string): string => node.text(field) || otherwise;
  const faultOf = (field: string, byHeader: string, shareKey: string): Fault | undefined => {
    const fault = node.child(field);
    return (
      fault && {
        node: fault,
        share: fractionOf(fault.child('percentage'), NONE),
        shareKey,
        isByHeader: fault.has(byHeader),
      }
    );
  };
  const delay = faultOf('delay', 'header_delay', key('delay_percent_runtime', 'fault.http.delay.fixed_delay_percent'));
  const abort = faultOf('abort', 'header_abort', key('abort_percent_runtime', 'fault.http.abort.abort_percent'));
  const limitKey = key('response_rate_limit_percent_runtime', 'fault.http.rate_limit.response_percent');
  const rateLimit = faultOf('response_rate_limit', 'header_limit', limitKey);
  return {
    node,
    applies: (request) => matchers.every((mismatch) => mismatch(request, '') === undefined),
    upstreamCluster: node.text('upstream_cluster') || undefined,
    nodes: node.texts('downstream_nodes'),
    delay,
    delayMs: durationMs(delay?.node.text('fixed_delay')),
    abort,
    httpStatus: abort?.node.number('http_status'),
    grpcStatus: abort?.node.number('grpc_status'),
    abortBody: abort?.node.text('response_body') || 'fault filter abort',
    rateLimit,
    limitKbps: numberOf(rateLimit?.node.child('fixed_limit')?.raw('limit_kbps')),
    maxActive: node.number('max_active_faults') ?? Infinity,
    keys: {
      delayMs: key('delay_duration_runtime', 'fault.http.delay.fixed_duration_ms'),
      httpStatus: key('abort_http_status_runtime', 'fault.http.abort.http_status'),
      grpcStatus: key('abort_grpc_status_runtime', 'fault.http.abort.grpc_status'),
      maxActive: key('max_active_faults_runtime', 'fault.http.max_active_faults'),
    },
    countsByCaller: !node.flag('disable_downstream_cluster_stats'),
    stats: statsOf(context),
    statPrefix: `${context.statPrefix}fault.`,
  };
}

const numberOf = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));
