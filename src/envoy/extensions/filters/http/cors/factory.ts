import { compileOnce } from '../../../../compile_once.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';
import { compileDraw } from '../../../../matching/fractional_percent.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';
import { CorsFilter, type CorsPolicy } from './cors_filter.ts';

/** The policy of one level of a route. */
const policyOf = compileOnce<CorsPolicy>((node) => ({
  node,
  origins: node.list('allow_origin_string_match').map(compileStringMatcher),
  isEnabled: compileDraw(node.child('filter_enabled'), true),
  isShadow: compileDraw(node.child('shadow_enabled')),
}));

export const corsFilterFactory = defineHttpFilter<CorsPolicy>({
  name: 'envoy.filters.http.cors',
  type: 'envoy.extensions.filters.http.cors.v3.Cors',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (_, { stats, statPrefix }) => {
    stats.declare(...['origin_valid', 'origin_invalid'].map((name) => `${statPrefix}cors.${name}`));
    return (callbacks) => new CorsFilter(policyOf, callbacks);
  },
  compilePerRoute: policyOf,
});
