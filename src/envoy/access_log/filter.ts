import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { GRPC_STATUS_NAMES, grpcStatusNumber } from '../formatter/grpc_status.ts';
import type { FormatterContext } from '../formatter/command_operators.ts';
import { isDrawn } from '../matching/fractional_percent.ts';
import { compileHeaderMatcher } from '../router/route_match.ts';

/** Whether a finished stream is written. */
export type LogFilter = (context: FormatterContext) => boolean;

type Compile = (node: ConfigNode, random: Random) => LogFilter;

/** By the field that is set. */
const KINDS: Readonly<Record<string, Compile>> = {
  status_code_filter: (node) => compileComparison(node.child('comparison') ?? node),
  and_filter: (node, random) => every(node.list('filters').map((one) => compileLogFilter(one, random))),
  or_filter: (node, random) => some(node.list('filters').map((one) => compileLogFilter(one, random))),
  header_filter: (node) => compileHeaderFilter(node.child('header') ?? node),
  not_health_check_filter:
    () =>
    ({ isHealthCheck }) =>
      isHealthCheck !== true,
  response_flag_filter: (node) => compileFlagFilter(node.texts('flags')),
  grpc_status_filter: compileGrpcFilter,
  runtime_filter: (node, random) => () => isDrawn(node.child('percent_sampled'), random),
};

/** `config.accesslog.v3.AccessLogFilter`. Simplified: durations, runtime keys, CEL and metadata let everything through. */
export function compileLogFilter(node: ConfigNode | undefined, random: Random): LogFilter {
  for (const [field, compile] of Object.entries(KINDS)) {
    const child = node?.child(field);
    if (child) return compile(child, random);
  }
  return () => true;
}

const every =
  (filters: readonly LogFilter[]): LogFilter =>
  (context) =>
    filters.every((one) => one(context));
const some =
  (filters: readonly LogFilter[]): LogFilter =>
  (context) =>
    filters.some((one) => one(context));

function compileComparison(node: ConfigNode): LogFilter {
  const wanted = node.child('value')?.number('default_value') ?? 0;
  const tests: Readonly<Record<string, (code: number) => boolean>> = {
    EQ: (code) => code === wanted,
    GE: (code) => code >= wanted,
    LE: (code) => code <= wanted,
    NE: (code) => code !== wanted,
  };
  const test = tests[node.text('op') ?? 'EQ']!;
  return ({ log }) => test(Number(log['code'] ?? 0));
}

function compileHeaderFilter(node: ConfigNode): LogFilter {
  const mismatch = compileHeaderMatcher(node);
  return ({ request }) => mismatch(request, '') === undefined;
}

function compileFlagFilter(wanted: readonly string[]): LogFilter {
  return ({ log }) => {
    const flags = String(log['flags'] ?? '-')
      .split(',')
      .filter((one) => one !== '-');
    return wanted.length === 0 ? flags.length > 0 : flags.some((one) => wanted.includes(one));
  };
}

function compileGrpcFilter(node: ConfigNode): LogFilter {
  const wanted = node.texts('statuses').map((name) => GRPC_STATUS_NAMES.indexOf(name));
  const excludes = node.flag('exclude');
  return (context) => wanted.includes(grpcStatusNumber(context) ?? 2) !== excludes;
}
