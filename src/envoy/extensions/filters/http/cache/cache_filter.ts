import { wallSeconds } from '#sim';
import type { ConfigNode } from '../../../../config_node.ts';
import type { Call, HttpClient } from '../../../../http/clients.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { StringMatcher } from '../../../../router/string_matcher.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { byteRange } from './byte_range.ts';
import { NO_CONTROL, requestCacheControl, type CacheControl } from './cache_control.ts';
import { notKept, notLookedUp } from './cacheability.ts';
import { ageOf, hasTime, needToValidate } from './freshness.ts';
import type { CacheEntry, SimpleHttpCache } from './simple_http_cache.ts';

const FROM_CACHE = 'cache.response_from_cache_filter';

export interface CacheConfig {
  readonly node: ConfigNode;
  readonly cache: SimpleHttpCache;
  readonly allowedVary: readonly StringMatcher[];
  readonly client: HttpClient;
}

/** Answers from the cache, or asks the cluster of the route by itself and keeps the answer: cache/cache_filter.cc. */
export class CacheFilter implements HttpFilter {
  readonly #config: CacheConfig;
  readonly #callbacks: FilterCallbacks;
  #call: Call | undefined;

  constructor(config: CacheConfig, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request } = this.#callbacks;
    const why = notLookedUp(this.#callbacks);
    if (why !== undefined) {
      this.#tell('info', `The request is not looked up in the cache: ${why}.`);
      return 'continue';
    }
    const entry = this.#config.cache.lookup(request);
    if (!entry) return this.#ask('Nothing is kept for this scheme, host and path', undefined);
    const age = ageOf(entry.response.headers, entry.responseS, this.#nowS);
    const stale = needToValidate(entry.response.headers, age, this.#control);
    return stale === undefined
      ? this.#serve(entry, age)
      : this.#ask(`What is kept has to be validated: ${stale}`, entry);
  }

  onDestroy(): void {
    this.#call?.cancel();
  }

  get #nowS(): number {
    return wallSeconds(this.#callbacks.dispatcher.nowMs);
  }

  /** What the request says of caching, where it is listened to. */
  get #control(): CacheControl {
    const isIgnored = this.#config.node.flag('ignore_request_cache_control_header');
    return isIgnored ? NO_CONTROL : requestCacheControl(this.#callbacks.request);
  }

  #tell(state: 'matched' | 'failed' | 'info', sentence: string): void {
    this.#callbacks.trace?.record({ kind: 'cache_looked_up', state, because: this.#config.node.ref, sentence });
  }

  #serve({ response }: CacheEntry, age: number): FilterStatus {
    this.#tell('matched', `The answer of ${age} s ago is fresh: no upstream is asked.`);
    const headers = response.headers.copy();
    headers.set('age', String(age));
    this.#respondFromCache(this.#ranged({ ...response, headers }));
    return 'stop_iteration';
  }

  /** The part that the request asks for. */
  #ranged(response: HttpResponse): HttpResponse {
    const { body, headers } = response;
    const range = byteRange(this.#callbacks.request.get('range'), body.length);
    if (range === undefined) return response;
    const isNone = range === 'unsatisfiable';
    const part = isNone ? '' : body.slice(range.from, range.to);
    headers.add('content-range', `bytes ${isNone ? '*' : `${range.from}-${range.to - 1}`}/${body.length}`);
    headers.set('content-length', String(part.length));
    return { ...response, status: isNone ? 416 : 206, body: part };
  }

  #respondFromCache(response: HttpResponse): void {
    this.#callbacks.respond(response, { details: FROM_CACHE, flag: 'RFCF' });
  }

  #ask(why: string, entry: CacheEntry | undefined): FilterStatus {
    const { request, route, cluster } = this.#callbacks;
    this.#tell('failed', `${why}: the cluster is asked.`);
    if (!cluster) return this.#refuse(route?.action ? 'cache_no_cluster' : 'cache_no_route');
    const headers = request.copy();
    if (entry) addConditions(headers, entry.response.headers);
    const asked = { cluster: cluster.name, headers, body: '', timeoutMs: 0, sendsForwardedFor: true };
    this.#call = this.#config.client.send(asked, ({ response }) => {
      this.#call = undefined;
      if (entry && response.status === 304) this.#serveValidated(entry, response);
      else this.#pass(response);
    });
    return 'stop_iteration';
  }

  /** A cache has only clusters to ask: it makes no redirect, and no direct response. */
  #refuse(details: 'cache_no_route' | 'cache_no_cluster'): FilterStatus {
    this.#callbacks.sendLocalReply({ status: details === 'cache_no_route' ? 404 : 503, details });
    return 'stop_iteration';
  }

  /** Headers of the 304, and of what is kept those that it does not have. An `etag` of another response renews nothing. */
  #serveValidated({ response }: CacheEntry, { headers }: HttpResponse): void {
    const { request } = this.#callbacks;
    const etag = headers.get('etag');
    this.#tell('matched', 'What is kept is still valid, says the upstream.');
    headers.remove('content-length');
    for (const [name, value] of response.headers.pairs())
      if (name !== 'age' && !headers.has(name)) headers.add(name, value);
    if (etag === undefined || etag === response.headers.get('etag'))
      this.#config.cache.update(request, headers, this.#nowS);
    this.#respondFromCache({ ...response, headers: headers.copy() });
  }

  #pass(response: HttpResponse): void {
    const { request } = this.#callbacks;
    const { cache, allowedVary } = this.#config;
    const isHead = request.get(':method') === 'HEAD';
    const why = this.#control.noStore
      ? 'the request says `no-store`'
      : isHead
        ? 'it has no body'
        : notKept(response, allowedVary);
    this.#tell('info', why === undefined ? 'The answer is kept.' : `The answer is not kept: ${why}.`);
    if (why === undefined) cache.insert(request, response, this.#nowS);
    this.#callbacks.respond(response, { details: 'via_upstream' });
  }
}

/** What asks the upstream whether a response is still valid: by its `etag`, and by a time of its own. */
function addConditions(request: FilterCallbacks['request'], kept: FilterCallbacks['request']): void {
  const etag = kept.get('etag');
  if (etag !== undefined) request.set('if-none-match', etag);
  const since = hasTime(kept, 'last-modified') ? 'last-modified' : 'date';
  request.set('if-modified-since', kept.get(since) ?? '');
}
