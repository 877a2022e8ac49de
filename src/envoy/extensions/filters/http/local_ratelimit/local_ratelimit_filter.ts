import { at } from '#source';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeadersToAdd } from '../../../../http/header_mutation.ts';
import type { Draw } from '../../../../matching/fractional_percent.ts';
import type { TokenBucket } from '../../../../matching/token_bucket.ts';
import type { Connection, HttpResponse } from '../../../../seams.ts';
import type { Buckets, Verdict } from './buckets.ts';

export interface Limit {
  readonly node: ConfigNode;
  readonly bucketsOf: (connection: Connection) => Buckets;
  readonly isEnabled: Draw;
  readonly isEnforced: Draw;
  /** Of a request that is over the limit and goes on. */
  readonly toRequest: HeadersToAdd;
  readonly toResponse: HeadersToAdd;
  readonly status: number;
  readonly statPrefix: string;
  readonly showsLimits: boolean;
  readonly tellsWhen: boolean;
  readonly grpcStatus: number;
}

export const LOCAL_RATE_LIMIT_STATS = ['enabled', 'enforced', 'ok', 'rate_limited', 'shadow_mode'] as const;

type LocalRateLimitStat = (typeof LOCAL_RATE_LIMIT_STATS)[number];

/** A token for each request, or 429: extensions/filters/http/local_ratelimit/local_ratelimit.cc. */
export class LocalRateLimitFilter implements HttpFilter {
  readonly #limit: Limit;
  readonly #callbacks: FilterCallbacks;
  #bucket: TokenBucket | undefined;
  #isTold = false;

  constructor(limit: Limit, callbacks: FilterCallbacks) {
    this.#limit = limit;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { isEnabled, isEnforced, bucketsOf, toRequest } = this.#limit;
    const { dispatcher, connection, request } = this.#callbacks;
    if (!isEnabled(this.#callbacks)) {
      this.#tellOff('filter_enabled', 'the bucket is not asked');
      return 'continue';
    }
    this.#count('enabled');
    const verdict = bucketsOf(connection).take(this.#descriptors(), dispatcher.nowMs);
    this.#bucket = verdict.bucket;
    this.#isTold = verdict.isTold ?? this.#limit.showsLimits;
    this.#count(verdict.isAllowed ? 'ok' : 'rate_limited');
    this.#tell(verdict);
    if (verdict.isShadow === true) this.#count('shadow_mode');
    if (verdict.isAllowed || verdict.isShadow === true) return 'continue';
    if (!isEnforced(this.#callbacks)) {
      this.#tellOff('filter_enforced', 'the request is counted and goes on');
      toRequest.apply(request, this.#callbacks.formatterContext());
      return 'continue';
    }
    this.#refuse();
    return 'stop_iteration';
  }

  encode(response: HttpResponse): HttpResponse {
    const bucket = this.#bucket;
    if (!this.#isTold || !bucket) return response;
    response.headers.set('x-ratelimit-limit', String(bucket.max));
    response.headers.set('x-ratelimit-remaining', String(bucket.remaining));
    response.headers.set('x-ratelimit-reset', String(bucket.resetSeconds(this.#callbacks.dispatcher.nowMs)));
    return response;
  }

  #refuse(): void {
    const { status, toResponse, grpcStatus, tellsWhen } = this.#limit;
    const seconds = tellsWhen ? this.#bucket?.resetSeconds(this.#callbacks.dispatcher.nowMs) : undefined;
    this.#count('enforced');
    this.#callbacks.sendLocalReply({
      status,
      body: 'local_rate_limited',
      details: 'local_rate_limited',
      flag: 'RL',
      headers: seconds === undefined ? [] : [['retry-after', String(seconds)]],
      mutateHeaders: (headers) => {
        if (!toResponse.isEmpty) toResponse.apply(headers, this.#callbacks.formatterContext(headers));
      },
      grpcStatus,
    });
  }

  #descriptors(): ReturnType<FilterCallbacks['rateLimitDescriptors']> {
    const { node } = this.#limit;
    return this.#callbacks.rateLimitDescriptors({
      own: node.list('rate_limits'),
      stage: node.number('stage') ?? 0,
      virtualHost: (node.text('vh_rate_limits') ?? 'OVERRIDE') as 'OVERRIDE' | 'INCLUDE' | 'IGNORE',
    });
  }

  #tell({ isAllowed, isShadow = false, bucket, because }: Verdict): void {
    if (!bucket) return;
    this.#callbacks.trace?.record({
      kind: 'token_taken',
      state: isAllowed ? 'matched' : 'failed',
      because: because.ref,
      sentence: isAllowed
        ? `A token is there: ${bucket.remaining} of ${bucket.max} are left.`
        : `The bucket of ${bucket.max} is empty${isShadow ? ', which shadow_mode only counts' : ''}.`,
    });
  }

  /** A switch that is not set is at 0 %: the filter is there, and does nothing. */
  #tellOff(name: 'filter_enabled' | 'filter_enforced', then: string): void {
    const { node } = this.#limit;
    const why = node.has(name) ? `does not take this request` : 'is not set, which is 0 %';
    this.#callbacks.trace?.record({
      kind: `${name}_off`,
      state: 'failed',
      because: node.has(name) ? at(node.ref, name) : node.ref,
      sentence: `\`${name}\` ${why}: ${then}.`,
    });
  }

  #count(name: LocalRateLimitStat): void {
    this.#callbacks.stats.add(this.#limit.statPrefix + name);
  }
}
