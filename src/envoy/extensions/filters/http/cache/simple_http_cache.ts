import type { HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { varyOf } from './cacheability.ts';

/** A response as it is kept, and when it came. */
export interface CacheEntry {
  readonly response: HttpResponse;
  readonly responseS: number;
}

/** What a validation leaves as it was kept. */
const KEPT = new Set(['content-range', 'content-length', 'etag', 'vary']);

const keyOf = (request: HeaderMap): string =>
  [request.get(':scheme'), request.get(':authority'), request.get(':path')].join('\n');

/** Responses by scheme, host and path, and by the headers that they vary by: http/cache/simple_http_cache. It never forgets. */
export class SimpleHttpCache {
  readonly #entries = new Map<string, CacheEntry>();
  /** By what the last response of a key varied. */
  readonly #vary = new Map<string, readonly string[]>();

  lookup(request: HeaderMap): CacheEntry | undefined {
    return this.#entries.get(this.#fullKey(request));
  }

  insert(request: HeaderMap, response: HttpResponse, responseS: number): void {
    this.#vary.set(keyOf(request), varyOf(response).sort());
    this.#entries.set(this.#fullKey(request), {
      response: { ...response, headers: response.headers.copy() },
      responseS,
    });
  }

  /** A validated response is as new as the answer that said so. */
  update(request: HeaderMap, fresh: HeaderMap, responseS: number): void {
    const entry = this.lookup(request);
    if (!entry) return;
    const headers = entry.response.headers.copy();
    const names = new Set(fresh.names().filter((name) => !KEPT.has(name)));
    for (const name of names) headers.remove(name);
    for (const [name, value] of fresh.pairs()) if (names.has(name)) headers.add(name, value);
    this.#entries.set(this.#fullKey(request), { response: { ...entry.response, headers }, responseS });
  }

  #fullKey(request: HeaderMap): string {
    const key = keyOf(request);
    const varied = (this.#vary.get(key) ?? []).map((name) => `${name}\r${request.all(name.toLowerCase()).join('\r')}`);
    return [key, ...varied].join('\n\n');
  }
}
