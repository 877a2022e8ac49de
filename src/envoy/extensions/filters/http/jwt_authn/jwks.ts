import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { textOfSource } from '../../../../data_source.ts';
import type { FactoryContext } from '../../../../http/filter.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import { hostAndPath } from '../../../../http/url.ts';
import { InitTarget } from '../../../../init_manager.ts';
import type { StatSet } from '../../../../stats/stat_set.ts';
import { keysOf } from './jwt.ts';
import type { Jwk } from './signature.ts';

const CACHE_MS = 300_000;
const FAILED_REFETCH_MS = 1_000;
/** A fetch that comes before its time leaves room for one that fails: jwks_async_fetcher.cc. */
const EARLY_MS = 5_000;
const OK = 200;

type FetchCounters = StatSet<'jwks_fetch_success' | 'jwks_fetch_failed', never, never>;

/** The keys of one provider: at hand, or fetched from where they are published and kept for a time. */
export interface Jwks {
  /** Undefined where they have to be fetched. */
  readonly current: () => readonly Jwk[] | undefined;
  /** Calls back later, with whether the keys came. */
  readonly fetch: (fetched: (keys: readonly Jwk[] | undefined) => void) => void;
}

export function compileJwks(provider: ConfigNode, context: FactoryContext, counters: FetchCounters): Jwks {
  const remote = provider.child('remote_jwks');
  if (remote) return new RemoteJwks(remote, context, counters);
  const keys = keysOf(textOfSource(provider.child('local_jwks'), context.fileSystem) ?? '');
  return { current: () => keys, fetch: (fetched) => fetched(keys) };
}

/** `RemoteJwks`: common/jwks_fetcher.cc, and the cache of jwks_cache.cc. */
class RemoteJwks implements Jwks {
  readonly #node: ConfigNode;
  readonly #context: FactoryContext;
  readonly #counters: FetchCounters;
  readonly #cacheMs: number;
  #keys: readonly Jwk[] | undefined;
  #untilMs = 0;

  constructor(node: ConfigNode, context: FactoryContext, counters: FetchCounters) {
    this.#node = node;
    this.#context = context;
    this.#counters = counters;
    this.#cacheMs = durationMs(node.text('cache_duration')) ?? CACHE_MS;
    const ahead = node.child('async_fetch');
    if (ahead) this.#fetchAhead(ahead);
  }

  current(): readonly Jwk[] | undefined {
    return this.#context.dispatcher.nowMs < this.#untilMs ? this.#keys : undefined;
  }

  fetch(fetched: (keys: readonly Jwk[] | undefined) => void): void {
    const { httpClient, dispatcher } = this.#context;
    const uri = this.#node.child('http_uri');
    const cluster = uri?.text('cluster') ?? '';
    if (!httpClient.hasCluster(cluster)) return this.#onFetched(undefined, fetched);
    const text = uri?.text('uri') ?? '';
    const { host, path } = hostAndPath(text);
    const headers = new HeaderMap([
      [':method', 'GET'],
      [':path', path],
      [':authority', host],
      [':scheme', /^(\w+):\/\//.exec(text)?.[1] ?? 'http'],
      ['user-agent', 'Go-browser'],
    ]);
    const timeoutMs = durationMs(uri?.text('timeout')) ?? 0;
    const retryPolicy = this.#node.child('retry_policy');
    httpClient.send({ cluster, headers, body: '', timeoutMs, retryPolicy, sendsForwardedFor: true }, ({ response }) => {
      const keys = response.status === OK ? keysOf(response.body) : [];
      if (keys.length > 0) this.#untilMs = dispatcher.nowMs + this.#cacheMs;
      this.#onFetched(keys.length > 0 ? keys : undefined, fetched);
    });
  }

  #onFetched(keys: readonly Jwk[] | undefined, fetched: (keys: readonly Jwk[] | undefined) => void): void {
    this.#counters[keys ? 'jwks_fetch_success' : 'jwks_fetch_failed'].inc();
    if (keys) this.#keys = keys;
    fetched(keys);
  }

  /** Fetches before anybody asks, and again before the keys are too old. The listener waits for the first time. */
  #fetchAhead(ahead: ConfigNode): void {
    const { dispatcher, initManager } = this.#context;
    const again = (ms: number): void => void dispatcher.createTimer('jwks_refetch', ms, run);
    const failedMs = durationMs(ahead.text('failed_refetch_duration')) ?? FAILED_REFETCH_MS;
    const run = (): void =>
      this.fetch((keys) => {
        again(keys ? Math.max(this.#cacheMs - EARLY_MS, FAILED_REFETCH_MS) : failedMs);
        target.ready();
      });
    const target = new InitTarget('jwks', run);
    if (ahead.flag('fast_listener')) dispatcher.post('jwks_fetch', run);
    else initManager.add(target);
  }
}
