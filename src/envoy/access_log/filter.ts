import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { GRPC_STATUS_NAMES, grpcStatusNumber } from '../formatter/grpc_status.ts';
import type { FormatterContext } from '../formatter/command_operators.ts';
import { compileHeaderMatcher } from '../router/route_match.ts';

/** Whether a finished stream is written. */
export type LogFilter = (context: FormatterContext) => boolean;

/** `config.accesslog.v3.AccessLogFilter`. Simplified: durations, runtime keys, CEL and metadata let everything through. */
export function compileLogFilter(node: ConfigNode | undefined, random: Random): LogFilter {
  const status = node?.child('status_code_filter')?.child('comparison');
  if (status) return compileComparison(status);
  const [and, or] = [node?.child('and_filter'), node?.child('or_filter')];
  if (and) return every(and.list('filters').map((one) => compileLogFilter(one, random)));
  if (or) return some(or.list('filters').map((one) => compileLogFilter(one, random)));
  const header = node?.child('header_filter')?.child('header');
  if (header) return compileHeaderFilter(header);
  if (node?.has('not_health_check_filter')) return ({ isHealthCheck }) => isHealthCheck !== true;
  const flags = node?.child('response_flag_filter');
  if (flags) return compileFlagFilter(flags.texts('flags'));
  const grpc = node?.child('grpc_status_filter');
  if (grpc) return compileGrpcFilter(grpc);
  return () => true;
}

const every = (filters: readonly LogFilter[]): LogFilter => (context) => filters.every((one) => one(context));
const some = (filters: readonly LogFilter[]): LogFilter => (context) => filters.some((one) => one(context));

function compileComparison(node: ConfigNode): LogFilter {
  const wanted = node.child('value')?.number('default_value') ?? 0;
  const tests: Readonly<Record<string, (code: number) => boolean>> = { EQ: (code) => code === wanted, GE: (code) => code >= wanted, LE: (code) => code <= wanted, NE: (code) => code !== wanted };
  const test = tests[node.text('op') ?? 'EQ']!;
  return ({ log }) => test(Number(log['code'] ?? 0));
}

function compileHeaderFilter(node: ConfigNode): LogFilter {
  const mismatch = compileHeaderMatcher(node);
  return ({ request }) => mismatch(request, '') === undefined;
}

function compileFlagFilter(wanted: readonly string[]): LogFilter {
  return ({ log }) => {
    const flags = String(log['flags'] ?? '-').split(',').filter((one) => one !== '-');
    return wanted.length === 0 ? flags.length > 0 : flags.some((one) => wanted.includes(one));
  };
}

function compileGrpcFilter(node: ConfigNode): LogFilter {
  const wanted = node.texts('statuses').map((name) => GRPC_STATUS_NAMES.indexOf(name));
  const excludes = node.flag('exclude');
  return (context) => wanted.includes(grpcStatusNumber(context) ?? 2) !== excludes;
}
