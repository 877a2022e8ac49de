import type { Json, JsonObject } from '#api';
import { ConfigNode } from '../../../../config_node.ts';
import type { Call, GrpcAnswer, GrpcClient } from '../../../../http/clients.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeadersToAdd } from '../../../../http/header_mutation.ts';
import { textOfBase64 } from '../../../../matching/base64.ts';
import { compileKeyedDraw, type Draw } from '../../../../matching/fractional_percent.ts';
import type { Descriptor, RateLimitScope } from '../../../../router/rate_limit_descriptors.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { limitHeaders, retryAfter } from './limit_headers.ts';

const METHOD = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
const ALL = { numerator: 100, denominator: 100 } as const;
const OF_ENVOY = { isInternal: true, isCanary: false, zone: undefined, altName: undefined } as const;

export interface RateLimitConfig {
  readonly node: ConfigNode;
  readonly domain: string;
  readonly stage: number;
  readonly requestType: string;
  readonly timeoutMs: number;
  readonly service: ConfigNode | undefined;
  readonly isEnabled: Draw;
  readonly isEnforced: Draw;
  readonly deniesOnError: Draw;
  /** Of a refusal. */
  readonly toResponse: HeadersToAdd;
  readonly statusOnError: number;
  readonly status: number;
  readonly showsLimits: boolean;
  readonly tellsWhen: boolean;
  readonly namespace: string;
  readonly tellsLimited: boolean;
  readonly grpcStatus: number;
  readonly clusterPrefix: string;
}

export interface RateLimitPerRoute {
  readonly virtualHost: RateLimitScope['virtualHost'];
  readonly own: readonly ConfigNode[];
  readonly domain: string | undefined;
}

type Pairs = [string, string][];

/** Asks a service whether the request is within its limits: extensions/filters/http/ratelimit/ratelimit.cc. */
export class RateLimitFilter implements HttpFilter {
  readonly #config: RateLimitConfig;
  readonly #perRoute: RateLimitPerRoute | undefined;
  readonly #client: GrpcClient;
  readonly #callbacks: FilterCallbacks;
  #call: Call | undefined;
  #isAsked = false;
  /** By descriptor: whether the client is told of its limit, where the descriptor says so. */
  #told: readonly (boolean | undefined)[] = [];
  /** Of an answer that lets the request pass. */
  #responseHeaders: Pairs = [];

  constructor(
    config: RateLimitConfig,
    perRoute: RateLimitPerRoute | undefined,
    client: GrpcClient,
    callbacks: FilterCallbacks,
  ) {
    this.#config = config;
    this.#perRoute = perRoute;
    this.#client = client;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { requestType, service, timeoutMs, isEnabled } = this.#config;
    const isInternal = this.#callbacks.request.has('x-envoy-internal');
    if (!service || !this.#callbacks.route || requestType === (isInternal ? 'external' : 'internal')) return 'continue';
    if (!isEnabled(this.#callbacks)) {
      this.#tell('rate_limit_skipped', 'not_reached', 'The filter is switched off for this request.');
      return 'continue';
    }
    this.#isAsked = true;
    const request = this.#requestOf(false);
    if (!request) {
      this.#tell('rate_limit_skipped', 'not_reached', 'No rate limit of the route fits this request.');
      return 'continue';
    }
    this.#call = this.#client.unary(service, METHOD, request, (answer) => this.#onAnswer(answer), timeoutMs);
    return 'stop_iteration';
  }

  /** What the service is asked: undefined where no rate limit has anything to say. */
  #requestOf(onStreamDone: boolean): JsonObject | undefined {
    const { node, domain, stage } = this.#config;
    const descriptors = this.#callbacks.rateLimitDescriptors({
      own: this.#perRoute && this.#perRoute.own.length > 0 ? this.#perRoute.own : node.list('rate_limits'),
      stage,
      virtualHost: this.#perRoute?.virtualHost ?? 'OVERRIDE',
      onStreamDone,
      isOff: (key) => !compileKeyedDraw(`ratelimit.${key}.http_filter_enabled`, ALL)(this.#callbacks),
    });
    if (!onStreamDone) this.#told = descriptors.map((one) => one.isTold);
    if (descriptors.length === 0) return undefined;
    return {
      domain: this.#perRoute?.domain ?? domain,
      descriptors: descriptors.map(descriptorJson),
      ...this.#hitsAddend(),
    };
  }

  encode(response: HttpResponse): HttpResponse {
    for (const [name, value] of this.#responseHeaders.splice(0)) response.headers.add(name, value);
    return response;
  }

  onDestroy(): void {
    this.#call?.cancel();
    const { service, timeoutMs } = this.#config;
    // What the stream has come to counts too; nobody waits for the answer (ratelimit.cc, OnStreamDoneCallBack).
    const request = this.#isAsked ? this.#requestOf(true) : undefined;
    if (service && request) this.#client.unary(service, METHOD, request, () => undefined, timeoutMs);
    this.#isAsked = false;
  }

  /** Dynamic metadata may say how many hits a request counts for. */
  #hitsAddend(): JsonObject {
    const own = this.#callbacks.dynamicMetadata['envoy.ratelimit'] as JsonObject | undefined;
    const hits = own?.['hits_addend'];
    return typeof hits === 'number' && hits > 0 ? { hitsAddend: hits } : {};
  }

  #onAnswer(answer: GrpcAnswer): void {
    this.#call = undefined;
    if (!('message' in answer)) return this.#onError();
    const message = new ConfigNode(answer.message, this.#config.node.ref);
    const metadata = message.child('dynamic_metadata')?.value ?? {};
    for (const [key, value] of Object.entries(metadata))
      this.#callbacks.setMetadata(this.#config.namespace, key, value);
    const headers = [
      ...headersOf(message, 'response_headers_to_add'),
      ...limitHeaders(message.list('statuses').filter((_, index) => this.#told[index] ?? this.#config.showsLimits)),
    ];
    const code = message.text('overall_code');
    if (code === 'OVER_LIMIT') return this.#onOverLimit(message, headers);
    // Whatever is not OVER_LIMIT is OK, UNKNOWN too: ratelimit_impl.cc.
    this.#count('ok');
    this.#tell('rate_limit_ok', 'matched', 'The rate limit service says OK.');
    this.#pass(message, headers);
  }

  #pass(message: ConfigNode, headers: Pairs): void {
    this.#responseHeaders = headers;
    for (const [name, value] of headersOf(message, 'request_headers_to_add')) this.#callbacks.request.add(name, value);
    this.#callbacks.continueDecoding();
  }

  #onOverLimit(message: ConfigNode, headers: Pairs): void {
    const { status, tellsLimited, grpcStatus, isEnforced, toResponse } = this.#config;
    this.#count('over_limit');
    this.#callbacks.cluster?.stats.charge(status, OF_ENVOY);
    const limited: Pairs = tellsLimited ? [['x-envoy-ratelimited', 'true']] : [];
    const wait: Pairs = this.#config.tellsWhen ? retryAfter(message.list('statuses')) : [];
    if (!isEnforced(this.#callbacks)) {
      this.#tell('rate_limit_not_enforced', 'failed', 'The rate limit service says OVER_LIMIT, which is not enforced.');
      return this.#pass(message, [...headers, ...limited]);
    }
    this.#tell('rate_limit_over', 'failed', `The rate limit service says OVER_LIMIT: ${status}.`);
    this.#callbacks.sendLocalReply({
      status,
      body: textOfBase64(message.text('raw_body') ?? '') ?? '',
      details: 'request_rate_limited',
      flag: 'RL',
      headers: [...headers, ...limited, ...wait],
      mutateHeaders: (all) => {
        if (!toResponse.isEmpty) toResponse.apply(all, this.#callbacks.formatterContext(all));
      },
      grpcStatus,
    });
  }

  #onError(): void {
    this.#count('error');
    const { statusOnError } = this.#config;
    const isDenied = this.#config.deniesOnError(this.#callbacks);
    this.#tell(
      'rate_limit_error',
      'failed',
      `The rate limit service gave no answer: ${isDenied ? statusOnError : 'the request passes'}.`,
    );
    if (isDenied)
      return this.#callbacks.sendLocalReply({ status: statusOnError, details: 'rate_limiter_error', flag: 'RLSE' });
    this.#count('failure_mode_allowed');
    this.#callbacks.continueDecoding();
  }

  #count(name: string): void {
    const { cluster, stats } = this.#callbacks;
    if (cluster) stats.add(`cluster.${cluster.statName}.${this.#config.clusterPrefix}${name}`);
  }

  #tell(kind: string, state: 'matched' | 'failed' | 'not_reached', sentence: string): void {
    this.#callbacks.trace?.record({ kind, state, because: this.#config.node.ref, sentence });
  }
}

/** In JSON as protobuf spells it: an empty value is left out, a 64 bit number is a text. */
const descriptorJson = ({ entries, limit, hitsAddend, isNegative }: Descriptor): Json => ({
  entries: entries.map(({ key, value }): JsonObject => (value === '' ? { key } : { key, value })),
  ...(limit ? { limit: { requestsPerUnit: limit.requestsPerUnit, unit: limit.unit } } : {}),
  ...(hitsAddend === undefined ? {} : { hitsAddend: String(hitsAddend) }),
  ...(isNegative ? { isNegativeHits: true } : {}),
});

const headersOf = (message: ConfigNode, field: string): Pairs =>
  message.list(field).map((one) => [(one.text('key') ?? '').toLowerCase(), one.text('value') ?? '']);
