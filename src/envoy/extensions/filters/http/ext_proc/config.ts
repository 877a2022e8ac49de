import { durationMs } from '#api';
import { compileOnce } from '../../../../compile_once.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FactoryContext } from '../../../../http/filter.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import { compileShownFacts, overriddenFacts, type ShownFacts } from './shown_facts.ts';
import { createStats, type StatSet } from '../../../../stats/stat_set.ts';
import { compileMutationRules, type MutationRules } from '../../../../matching/mutation_rules.ts';

const DEFAULT_TIMEOUT_MS = 200;
const DEFERRED_CLOSE_MS = 5_000;
const COUNTERS = [
  'streams_started',
  'stream_msgs_sent',
  'stream_msgs_received',
  'spurious_msgs_received',
  'streams_closed',
  'streams_failed',
  'failure_mode_allowed',
  'message_timeouts',
  'override_message_timeout_received',
  'override_message_timeout_ignored',
  'rejected_header_mutations',
  'clear_route_cache_ignored',
  'clear_route_cache_disabled',
  'clear_route_cache_upstream_ignored',
  'http_not_ok_resp_received',
  'immediate_responses_sent',
  'server_half_closed',
] as const;

/** What of a message goes to the processor. */
export interface ProcessingMode {
  readonly requestHeaders: boolean;
  readonly responseHeaders: boolean;
  readonly requestBody: string;
  readonly responseBody: string;
  readonly requestTrailers: boolean;
  readonly responseTrailers: boolean;
}

export interface ExtProcConfig {
  readonly node: ConfigNode;
  readonly service: ConfigNode | undefined;
  readonly httpService: ConfigNode | undefined;
  /** A streamed body follows its headers before they are answered. */
  readonly bodyDoesNotWait: boolean;
  readonly keepsLength: boolean;
  readonly mode: ProcessingMode;
  readonly timeoutMs: number;
  readonly allowsFailure: boolean;
  readonly allowsModeOverride: boolean;
  readonly ignoresImmediate: boolean;
  readonly statusOnError: number;
  readonly routeCacheAction: string;
  /** Modes that the processor may choose from; undefined: any. */
  readonly allowedModes: readonly ProcessingMode[] | undefined;
  /** How far a message may put off its own timeout; 0 is not at all. */
  readonly maxTimeoutMs: number;
  /** The processor only looks on: nobody waits for it, and what it says is not heard. */
  readonly onlyObserves: boolean;
  readonly closeAfterMs: number;
  readonly shown: ShownFacts;
  readonly rules: MutationRules;
  readonly counters: StatSet<(typeof COUNTERS)[number], never, never>;
}

export interface ExtProcPerRoute {
  readonly isDisabled: boolean;
  readonly mode: ProcessingMode | undefined;
  readonly service: ConfigNode | undefined;
  readonly allowsFailure: boolean | undefined;
  readonly shown: Partial<ShownFacts>;
}

export function modeOf(node: ConfigNode | undefined, base?: ProcessingMode): ProcessingMode {
  const headers = (name: string, otherwise: boolean): boolean => {
    const mode = node?.text(name) ?? 'DEFAULT';
    return mode === 'DEFAULT' ? otherwise : mode === 'SEND';
  };
  return {
    requestHeaders: base?.requestHeaders ?? headers('request_header_mode', true),
    responseHeaders: headers('response_header_mode', base?.responseHeaders ?? true),
    requestBody: node?.text('request_body_mode') ?? 'NONE',
    responseBody: node?.text('response_body_mode') ?? 'NONE',
    requestTrailers: headers('request_trailer_mode', base?.requestTrailers ?? false),
    responseTrailers: headers('response_trailer_mode', base?.responseTrailers ?? false),
  };
}

/** The mode of request headers does not count: they have been shown already. */
export const isSameMode = (a: ProcessingMode, b: ProcessingMode): boolean =>
  a.responseHeaders === b.responseHeaders &&
  a.requestBody === b.requestBody &&
  a.responseBody === b.responseBody &&
  a.requestTrailers === b.requestTrailers &&
  a.responseTrailers === b.responseTrailers;

export function compileConfig(node: ConfigNode, { stats, statPrefix }: FactoryContext): ExtProcConfig {
  const own = node.text('stat_prefix');
  const bodyDoesNotWait = node.flag('send_body_without_waiting_for_header_response');
  const prefix = `${statPrefix}ext_proc.${own ? `${own}.` : ''}`;
  return {
    node,
    service: node.child('grpc_service'),
    httpService: node.child('http_service')?.child('http_service'),
    bodyDoesNotWait,
    keepsLength: node.flag('allow_content_length_header'),
    mode: modeOf(node.child('processing_mode')),
    timeoutMs: durationMs(node.text('message_timeout')) ?? DEFAULT_TIMEOUT_MS,
    allowsFailure: node.flag('failure_mode_allow'),
    allowsModeOverride:
      node.flag('allow_mode_override') && !bodyDoesNotWait && !isDuplex(node.child('processing_mode')),
    ignoresImmediate: node.flag('disable_immediate_response'),
    statusOnError: statusCodeOf(node.child('status_on_error')?.raw('code')) ?? 500,
    routeCacheAction: node.flag('disable_clear_route_cache')
      ? 'RETAIN'
      : (node.text('route_cache_action') ?? 'DEFAULT'),
    allowedModes: node.has('allowed_override_modes')
      ? node.list('allowed_override_modes').map((one) => modeOf(one))
      : undefined,
    maxTimeoutMs: durationMs(node.text('max_message_timeout')) ?? 0,
    onlyObserves: node.flag('observability_mode'),
    closeAfterMs: durationMs(node.text('deferred_close_timeout')) ?? DEFERRED_CLOSE_MS,
    shown: compileShownFacts(node),
    rules: compileMutationRules(node.child('mutation_rules')),
    counters: createStats(stats, prefix, { counters: COUNTERS }),
  };
}

const isDuplex = (mode: ConfigNode | undefined): boolean =>
  ['request_body_mode', 'response_body_mode'].some((one) => mode?.text(one) === 'FULL_DUPLEX_STREAMED');

export function compilePerRoute(node: ConfigNode): ExtProcPerRoute {
  const overrides = node.child('overrides');
  const mode = overrides?.child('processing_mode');
  return {
    shown: overrides ? overriddenFacts(overrides) : {},
    isDisabled: node.flag('disabled'),
    mode: mode && modeOf(mode),
    service: overrides?.child('grpc_service'),
    allowsFailure: overrides?.has('failure_mode_allow') === true ? overrides.flag('failure_mode_allow') : undefined,
  };
}

const perRouteOf = compileOnce(compilePerRoute);

/** Of all levels of a route: what a narrower one does not say, the wider has. */
export function mergedPerRoute(levels: readonly ConfigNode[]): ExtProcPerRoute | undefined {
  if (levels.length === 0) return undefined;
  return levels.map(perRouteOf).reduce((wide, narrow) => ({
    isDisabled: narrow.isDisabled,
    mode: narrow.mode ?? wide.mode,
    service: narrow.service ?? wide.service,
    allowsFailure: narrow.allowsFailure ?? wide.allowsFailure,
    shown: { ...wide.shown, ...narrow.shown },
  }));
}
