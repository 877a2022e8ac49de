import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { compileCelText } from '../cel/expression.ts';
import { GRPC_STATUS_NAMES, grpcStatusNumber } from '../formatter/grpc_status.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { compileMetadataMatcher, valueAt } from '../matching/metadata_matcher.ts';
import { fractionOf, type Runtime } from '../runtime/runtime.ts';
import { compileHeaderMatcher } from '../router/route_match.ts';

/** Whether a finished stream is written. */
export type LogFilter = (context: FormatterContext) => boolean;

/** What compiling a filter needs. */
export interface LogFilterServices {
  readonly random: Random;
  readonly runtime: Runtime;
}

type Compile = (node: ConfigNode, services: LogFilterServices) => LogFilter;

/** By the field that is set. */
const KINDS: Readonly<Record<string, Compile>> = {
  status_code_filter: (node, services) =>
    compileComparison(node.child('comparison') ?? node, services, ({ log }) => Number(log['code'] ?? 0)),
  duration_filter: (node, services) =>
    compileComparison(node.child('comparison') ?? node, services, ({ facts }) => facts.nowMs - facts.startMs),
  traceable_filter:
    () =>
    ({ facts }) =>
      facts.isTraced,
  log_type_filter: (node) => {
    const types = node.texts('types');
    const excludes = node.flag('exclude');
    return ({ accessLogType }) => types.includes(accessLogType ?? '') !== excludes;
  },
  metadata_filter: compileMetadataFilter,
  and_filter: (node, services) => every(node.list('filters').map((one) => compileLogFilter(one, services))),
  or_filter: (node, services) => some(node.list('filters').map((one) => compileLogFilter(one, services))),
  header_filter: (node) => compileHeaderFilter(node.child('header') ?? node),
  not_health_check_filter:
    () =>
    ({ isHealthCheck }) =>
      isHealthCheck !== true,
  response_flag_filter: (node) => compileFlagFilter(node.texts('flags')),
  grpc_status_filter: compileGrpcFilter,
  runtime_filter: compileRuntimeFilter,
  extension_filter: compileExtensionFilter,
};

/** `config.accesslog.v3.AccessLogFilter`. Simplified: of extensions only CEL. */
export function compileLogFilter(node: ConfigNode | undefined, services: LogFilterServices): LogFilter {
  for (const [field, compile] of Object.entries(KINDS)) {
    const child = node?.child(field);
    if (child) return compile(child, services);
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

const COMPARISONS: Readonly<Record<string, (found: number, wanted: number) => boolean>> = {
  EQ: (found, wanted) => found === wanted,
  GE: (found, wanted) => found >= wanted,
  LE: (found, wanted) => found <= wanted,
  NE: (found, wanted) => found !== wanted,
};

function compileComparison(
  node: ConfigNode,
  { runtime }: LogFilterServices,
  found: (context: FormatterContext) => number,
): LogFilter {
  const compare = COMPARISONS[node.text('op') ?? 'EQ']!;
  const value = node.child('value');
  const [key, otherwise] = [value?.text('runtime_key') ?? '', value?.number('default_value') ?? 0];
  return (context) => compare(found(context), runtime.integer(key, otherwise));
}

/** Picked by the digits of the x-request-id, so that all proxies on the way log the same requests. */
function compileRuntimeFilter(node: ConfigNode, { random, runtime }: LogFilterServices): LogFilter {
  const key = node.text('runtime_key') ?? '';
  const { numerator, denominator } = fractionOf(node.child('percent_sampled'), { numerator: 0, denominator: 100 });
  const isIndependent = node.flag('use_independent_randomness');
  return ({ request }) => {
    const id = request.get('x-request-id') ?? '';
    const digits = !isIndependent && /^[0-9a-f]{8}/i.test(id) ? parseInt(id.slice(0, 8), 16) : undefined;
    return (digits ?? random.below(denominator)) % denominator < runtime.integer(key, numerator);
  };
}

function compileMetadataFilter(node: ConfigNode): LogFilter {
  const matcher = node.child('matcher');
  if (!matcher) return () => true;
  const fits = compileMetadataMatcher(matcher);
  const path = [matcher.text('filter') ?? '', ...matcher.list('path').map((one) => one.text('key') ?? '')];
  const whenAbsent = node.raw('match_if_key_not_found') !== false;
  return ({ dynamicMetadata }) =>
    valueAt(dynamicMetadata, path) === undefined ? whenAbsent : fits(dynamicMetadata) !== matcher.flag('invert');
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

/** A line for what the expression says true of; another extension lets everything through. */
function compileExtensionFilter(node: ConfigNode): LogFilter {
  const text = node.child('typed_config')?.text('expression');
  const expression = text === undefined ? undefined : compileCelText(text);
  return text === undefined ? () => true : (context) => expression?.(context) === true;
}
