import type { Json, JsonObject } from '#api';
import { ConfigNode } from '../../../../config_node.ts';
import type { Call, GrpcAnswer, GrpcClient } from '../../../../http/clients.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import { textOfBase64 } from '../../../../matching/base64.ts';
import type { Descriptor, RateLimitScope } from '../../../../router/rate_limit_descriptors.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { limitHeaders } from './limit_headers.ts';

const METHOD = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
const NAMESPACE = 'envoy.filters.http.ratelimit';
const OF_ENVOY = { isInternal: true, isCanary: false, zone: undefined, altName: undefined } as const;

export interface RateLimitConfig {
  readonly node: ConfigNode;
  readonly domain: string;
  readonly stage: number;
  readonly requestType: string;
  readonly timeoutMs: number;
  readonly service: ConfigNode | undefined;
  readonly deniesOnError: boolean;
  readonly statusOnError: number;
  readonly status: number;
  readonly showsLimits: boolean;
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
    const { requestType, service, domain, stage, timeoutMs, node } = this.#config;
    const isInternal = this.#callbacks.request.has('x-envoy-internal');
    if (!service || !this.#callbacks.route || requestType === (isInternal ? 'external' : 'internal')) return 'continue';
    const descriptors = this.#callbacks.rateLimitDescriptors({
      own: this.#perRoute && this.#perRoute.own.length > 0 ? this.#perRoute.own : node.list('rate_limits'),
      stage,
      virtualHost: this.#perRoute?.virtualHost ?? 'OVERRIDE',
    });
    if (descriptors.length === 0) {
      this.#tell('rate_limit_skipped', 'not_reached', 'No rate limit of the route fits this request.');
      return 'continue';
    }
    const request = {
      domain: this.#perRoute?.domain ?? domain,
      descriptors: descriptors.map(descriptorJson),
      ...this.#hitsAddend(),
    };
    this.#call = this.#client.unary(service, METHOD, request, (answer) => this.#onAnswer(answer), timeoutMs);
    return 'stop_iteration';
  }

  encode(response: HttpResponse): HttpResponse {
    for (const [name, value] of this.#responseHeaders.splice(0)) response.headers.add(name, value);
    return response;
  }

  onDestroy(): void {
    this.#call?.cancel();
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
    for (const [key, value] of Object.entries(metadata)) this.#callbacks.setMetadata(NAMESPACE, key, value);
    const headers = [
      ...headersOf(message, 'response_headers_to_add'),
      ...(this.#config.showsLimits ? limitHeaders(message.list('statuses')) : []),
    ];
    const code = message.text('overall_code');
    if (code === 'OVER_LIMIT') return this.#onOverLimit(message, headers);
    if (code !== 'OK') return this.#onError();
    this.#count('ok');
    this.#tell('rate_limit_ok', 'matched', 'The rate limit service says OK.');
    this.#responseHeaders = headers;
    for (const [name, value] of headersOf(message, 'request_headers_to_add')) this.#callbacks.request.add(name, value);
    this.#callbacks.continueDecoding();
  }

  #onOverLimit(message: ConfigNode, headers: Pairs): void {
    const { status, node, tellsLimited, grpcStatus } = this.#config;
    this.#count('over_limit');
    this.#callbacks.cluster?.stats.charge(status, OF_ENVOY);
    this.#tell('rate_limit_over', 'failed', `The rate limit service says OVER_LIMIT: ${status}.`);
    const own = node.list('response_headers_to_add').map((one): [string, string] => {
      const header = one.child('header');
      return [(header?.text('key') ?? '').toLowerCase(), header?.text('value') ?? ''];
    });
    this.#callbacks.sendLocalReply({
      status,
      body: textOfBase64(message.text('raw_body') ?? '') ?? '',
      details: 'request_rate_limited',
      flag: 'RL',
      headers: [...headers, ...(tellsLimited ? [['x-envoy-ratelimited', 'true'] as [string, string]] : []), ...own],
      grpcStatus,
    });
  }

  #onError(): void {
    this.#count('error');
    const { deniesOnError, statusOnError } = this.#config;
    this.#tell(
      'rate_limit_error',
      'failed',
      `The rate limit service gave no answer: ${deniesOnError ? statusOnError : 'the request passes'}.`,
    );
    if (deniesOnError)
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
const descriptorJson = ({ entries, limit, hitsAddend }: Descriptor): Json => ({
  entries: entries.map(({ key, value }): JsonObject => (value === '' ? { key } : { key, value })),
  ...(limit ? { limit: { requestsPerUnit: limit.requestsPerUnit, unit: limit.unit } } : {}),
  ...(hitsAddend === undefined ? {} : { hitsAddend: String(hitsAddend) }),
});

const headersOf = (message: ConfigNode, field: string): Pairs =>
  message.list(field).map((one) => [(one.text('key') ?? '').toLowerCase(), one.text('value') ?? '']);
