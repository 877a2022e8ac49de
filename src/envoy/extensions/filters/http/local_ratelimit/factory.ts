import { at } from '#source';
import type { ConfigNode } from '../../../../config_node.ts';
import {
  defineHttpFilter,
  type FactoryContext,
  type FilterCallbacks,
  type FilterStatus,
  type HttpFilter,
} from '../../../../http/filter.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import { isDrawn } from '../../../../matching/fractional_percent.ts';
import { TokenBucket } from '../../../../matching/token_bucket.ts';
import type { HttpResponse } from '../../../../seams.ts';

interface Limit {
  readonly node: ConfigNode;
  readonly bucket: TokenBucket | undefined;
  readonly descriptors: readonly {
    readonly entries: string;
    readonly bucket: TokenBucket | undefined;
    readonly node: ConfigNode;
  }[];
}

function compile(node: ConfigNode, { dispatcher }: FactoryContext): Limit {
  const bucketOf = (one: ConfigNode): TokenBucket | undefined => {
    const bucket = one.child('token_bucket');
    return bucket && new TokenBucket(bucket, dispatcher.nowMs);
  };
  const descriptors = node.list('descriptors').map((one) => ({
    entries: keyOf(
      one.list('entries').map((entry) => ({ key: entry.text('key') ?? '', value: entry.text('value') ?? '' })),
    ),
    bucket: bucketOf(one),
    node: one,
  }));
  return { node, bucket: bucketOf(node), descriptors };
}

const keyOf = (entries: readonly { key: string; value: string }[]): string =>
  JSON.stringify(entries.map(({ key, value }) => [key, value]));

export const localRateLimitFilterFactory = defineHttpFilter<Limit>({
  name: 'envoy.filters.http.local_ratelimit',
  type: 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  fidelity: {
    level: 'partial',
    notSimulated: [
      'local_cluster_rate_limit',
      'local_rate_limit_per_downstream_connection',
      'request_headers_to_add_when_not_enforced',
    ],
  },
  compile: (config, context) => {
    const own = compile(config, context);
    return (callbacks, perRoute) => new LocalRateLimitFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: compile,
});

/** A token for each request, or 429: extensions/filters/http/local_ratelimit/local_ratelimit.cc. */
class LocalRateLimitFilter implements HttpFilter {
  readonly #limit: Limit;
  readonly #callbacks: FilterCallbacks;
  #bucket: TokenBucket | undefined;

  constructor(limit: Limit, callbacks: FilterCallbacks) {
    this.#limit = limit;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { node } = this.#limit;
    const { random, dispatcher, trace } = this.#callbacks;
    if (!isDrawn(node.child('filter_enabled')?.child('default_value'), random)) {
      this.#tellOff('filter_enabled', 'the bucket is not asked');
      return 'continue';
    }
    this.#count('enabled');
    const { bucket, because } = this.#bucketOf();
    this.#bucket = bucket;
    const isOk = bucket?.take(dispatcher.nowMs) ?? true;
    this.#count(isOk ? 'ok' : 'rate_limited');
    if (bucket)
      trace?.record({
        kind: 'token_taken',
        state: isOk ? 'matched' : 'failed',
        because: because.ref,
        sentence: isOk
          ? `A token is there: ${bucket.remaining} of ${bucket.max} are left.`
          : `The bucket of ${bucket.max} is empty.`,
      });
    if (isOk) return 'continue';
    if (!isDrawn(node.child('filter_enforced')?.child('default_value'), random)) {
      this.#tellOff('filter_enforced', 'the request is counted and goes on');
      return 'continue';
    }
    this.#count('enforced');
    this.#callbacks.sendLocalReply({
      status: statusOf(node),
      body: 'local_rate_limited',
      details: 'local_rate_limited',
      flag: 'RL',
      headers: this.#added(),
    });
    return 'stop_iteration';
  }

  encode(response: HttpResponse): HttpResponse {
    if (this.#limit.node.text('enable_x_ratelimit_headers') !== 'DRAFT_VERSION_03' || !this.#bucket) return response;
    response.headers.set('x-ratelimit-limit', String(this.#bucket.max));
    response.headers.set('x-ratelimit-remaining', String(this.#bucket.remaining));
    response.headers.set('x-ratelimit-reset', String(this.#bucket.resetSeconds(this.#callbacks.dispatcher.nowMs)));
    return response;
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

  #added(): [string, string][] {
    return this.#limit.node
      .list('response_headers_to_add')
      .map((one) => [one.child('header')?.text('key')?.toLowerCase() ?? '', one.child('header')?.text('value') ?? '']);
  }

  /** The bucket of the first descriptor that the route's actions give, or else the common one. */
  #bucketOf(): { bucket: TokenBucket | undefined; because: ConfigNode } {
    const { node } = this.#limit;
    const scope = {
      own: node.list('rate_limits'),
      stage: node.number('stage') ?? 0,
      virtualHost: (node.text('vh_rate_limits') ?? 'OVERRIDE') as 'OVERRIDE' | 'INCLUDE' | 'IGNORE',
    };
    for (const { entries } of this.#callbacks.rateLimitDescriptors(scope)) {
      const found = this.#limit.descriptors.find((one) => one.entries === keyOf(entries));
      if (found) return { bucket: found.bucket, because: found.node };
    }
    return { bucket: this.#limit.bucket, because: node };
  }

  #count(name: string): void {
    this.#callbacks.stats.add(`${this.#limit.node.text('stat_prefix') ?? ''}.http_local_rate_limit.${name}`);
  }
}

/** A status below 400 would not refuse anybody: it is 429 then. */
function statusOf(node: ConfigNode): number {
  const code = statusCodeOf(node.child('status')?.raw('code')) ?? 429;
  return code < 400 ? 429 : code;
}
