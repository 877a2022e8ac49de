import { defineHttpFilter } from '../../../../http/filter.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';
import { CacheFilter } from './cache_filter.ts';
import { SimpleHttpCache } from './simple_http_cache.ts';

/** Keeps responses, and answers from what it has kept. Simplified: each filter has a cache of its own. */
export const cacheFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.cache',
  type: 'envoy.extensions.filters.http.cache.v3.CacheConfig',
  fidelity: { level: 'partial', notSimulated: ['key_creator_params', 'max_body_bytes'] },
  compile: (node, { httpClient }) => {
    if (node.flag('disabled')) return () => ({});
    const config = {
      node,
      cache: new SimpleHttpCache(),
      allowedVary: node.list('allowed_vary_headers').map(compileStringMatcher),
      client: httpClient,
    };
    return (callbacks) => new CacheFilter(config, callbacks);
  },
});
