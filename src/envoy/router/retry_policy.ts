import { durationMs } from '#api';
import { SIMULATION_EPOCH_MS, type Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { grpcStatusNumber } from '../formatter/grpc_status.ts';
import { HeaderMap } from '../http/header_map.ts';
import type { Stream } from '../http/stream.ts';
import type { HttpResponse } from '../seams.ts';
import { compileHeaderMatcher } from './route_match.ts';

const DEFAULT_BASE_MS = 25;
/** Without max_interval the back-off grows to ten times its base: retry_state_impl.cc. */
const DEFAULT_MAX_FACTOR = 10;

/** Why an attempt brought no answer. */
export type Failure =
  'refused' | 'unbound' | 'reset' | 'overflow' | 'per_try_timeout' | 'protocol_error' | 'remote_reset';

const GRPC_CONDITIONS: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14,
};

/** `config.route.v3.RetryPolicy`, joined with what the request's own headers ask for. */
export class RetryPolicy {
  readonly conditions: ReadonlySet<string>;
  readonly retries: number;
  readonly perTryIdleTimeoutMs: number;
  readonly node: ConfigNode | undefined;
  readonly #statusCodes: readonly number[];
  readonly #retriableHeaders: readonly ((headers: HeaderMap) => boolean)[];

  constructor(node: ConfigNode | undefined, request: HeaderMap) {
    this.node = node;
    const guards = listOf(node, 'retriable_request_headers').map(fits);
    const isRetriable = guards.length === 0 || guards.some((one) => one(request));
    const asked = [request.get('x-envoy-retry-on'), request.get('x-envoy-retry-grpc-on'), node?.text('retry_on')];
    this.conditions = new Set(isRetriable ? asked.flatMap(words) : []);
    this.retries = wholeNumber(request.get('x-envoy-max-retries')) ?? node?.number('num_retries') ?? 1;
    this.#statusCodes = [
      ...listOfNumbers(node, 'retriable_status_codes'),
      ...words(request.get('x-envoy-retriable-status-codes')).map(Number),
    ];
    const names = words(request.get('x-envoy-retriable-header-names')).map((name) => name.toLowerCase());
    this.#retriableHeaders = [
      ...listOf(node, 'retriable_headers').map(fits),
      ...names.map((name) => (headers: HeaderMap) => headers.has(name)),
    ];
    this.perTryIdleTimeoutMs = durationMs(node?.text('per_try_idle_timeout')) ?? 0;
  }

  /** Whether an answer is one to try again. */
  retriesResponse(response: HttpResponse, request: HeaderMap): boolean {
    const { status, headers } = response;
    const is = (name: string): boolean => this.conditions.has(name);
    if (headers.has('x-envoy-ratelimited')) return is('envoy-ratelimited');
    if (is('5xx') && status >= 500) return true;
    if (is('gateway-error') && status >= 502 && status <= 504) return true;
    if (is('retriable-4xx') && status === 409) return true;
    if (is('retriable-status-codes') && this.#statusCodes.includes(status)) return true;
    if (is('retriable-headers') && this.#retriableHeaders.some((one) => one(headers))) return true;
    const grpc = grpcStatusNumber({ request, response: headers, log: {} });
    return (
      headers.has('grpc-status') &&
      Object.entries(GRPC_CONDITIONS).some(([name, number]) => is(name) && number === grpc)
    );
  }

  /** Whether a failure is one to try again. */
  retriesFailure(failure: Failure): boolean {
    const is = (...names: string[]): boolean => names.some((name) => this.conditions.has(name));
    if (failure === 'overflow') return false;
    if (failure === 'remote_reset') return is('5xx', 'gateway-error', 'reset', 'refused-stream');
    if (failure === 'refused' || failure === 'unbound')
      return is('5xx', 'connect-failure', 'reset', 'gateway-error', 'reset-before-request');
    return is('5xx', 'gateway-error', 'reset');
  }

  /** The wait before the next attempt: exponential with full jitter, or what the answer's headers say. */
  backOff(
    attempt: number,
    response: HttpResponse | undefined,
    { random, nowMs }: { random: Random; nowMs: number },
  ): { ms: number; kind: 'exponential' | 'ratelimited' } {
    const limited = this.#rateLimitedMs(response, random, nowMs);
    if (limited !== undefined) return { ms: limited, kind: 'ratelimited' };
    const backOff = this.node?.child('retry_back_off');
    const base = durationMs(backOff?.text('base_interval')) ?? DEFAULT_BASE_MS;
    const max = durationMs(backOff?.text('max_interval')) ?? base * DEFAULT_MAX_FACTOR;
    const ceiling = Math.min(base * (2 ** attempt - 1), max);
    return { ms: random.below(Math.max(1, Math.floor(ceiling))), kind: 'exponential' };
  }

  #rateLimitedMs(response: HttpResponse | undefined, random: Random, nowMs: number): number | undefined {
    const node = this.node?.child('rate_limited_retry_back_off');
    if (!node || !response) return undefined;
    const max = durationMs(node.text('max_interval')) ?? 300_000;
    for (const reset of node.list('reset_headers')) {
      const value = Number(response.headers.get((reset.text('name') ?? '').toLowerCase()) ?? NaN);
      const ms = value * 1000 - (reset.text('format') === 'UNIX_TIMESTAMP' ? SIMULATION_EPOCH_MS + nowMs : 0);
      if (ms > 0 && ms <= max) return ms + random.below(Math.max(1, Math.floor(ms / 2)));
    }
    return undefined;
  }
}

/** The cluster's policy, or else the route's, or else that of its virtual host. */
export const retryNodeOf = ({ cluster, route, virtualHost }: Stream): ConfigNode | undefined =>
  cluster?.http.retryPolicy ?? route!.action!.child('retry_policy') ?? virtualHost?.node.child('retry_policy');

/** The policy of a request: none where its body is more than may be held for another try (router.cc, decodeData). */
export function retryPolicyOf(stream: Stream, node: ConfigNode | undefined): RetryPolicy {
  if (!node && !asksForRetries(stream.request)) return NO_RETRIES;
  return stream.requestBody.length > bufferLimitOf(stream) ? NO_RETRIES : new RetryPolicy(node, stream.request);
}

/** How much of a body is held for another try: of the route, or else of its virtual host. */
const bufferLimitOf = ({ route, virtualHost }: Stream): number =>
  limitOf(route?.node) ?? limitOf(virtualHost?.node) ?? Infinity;

/** The older field counts as well. */
const limitOf = (node: ConfigNode | undefined): number | undefined =>
  node?.number('request_body_buffer_limit') ?? node?.number('per_request_buffer_limit_bytes');

const ASKING = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-rq-per-try-timeout-ms',
];

/** Whether a request asks for retries by itself. */
const asksForRetries = (request: HeaderMap): boolean => ASKING.some((name) => request.has(name));

function fits(node: ConfigNode): (headers: HeaderMap) => boolean {
  const mismatch = compileHeaderMatcher(node);
  return (headers) => mismatch(headers, '') === undefined;
}

const words = (text: string | undefined): string[] => text?.split(',').map((word) => word.trim()) ?? [];

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

const listOf = (node: ConfigNode | undefined, name: string): readonly ConfigNode[] => node?.list(name) ?? [];

function listOfNumbers(node: ConfigNode | undefined, name: string): number[] {
  const value = node?.raw(name);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'number') : [];
}

/** What every request without a word of retries has. */
const NO_RETRIES = new RetryPolicy(undefined, new HeaderMap());
