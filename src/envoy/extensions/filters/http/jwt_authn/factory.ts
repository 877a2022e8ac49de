import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FactoryContext } from '../../../../http/filter.ts';
import { compileRouteMatch } from '../../../../router/route_match.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import { compileJwks } from './jwks.ts';
import { COUNTERS, JwtAuthnFilter, type JwtConfig } from './jwt_authn_filter.ts';
import { Provider, type Fault } from './provider.ts';
import { compileRequirement, MISSING, type CheckProvider, type Requirement } from './requirement.ts';

export const jwtAuthnFilterFactory = defineHttpFilter<ConfigNode>({
  name: 'envoy.filters.http.jwt_authn',
  type: 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (node, context) => {
    const config = compile(node, context);
    return (callbacks, perRoute) => new JwtAuthnFilter(config, perRoute, callbacks);
  },
  compilePerRoute: (config) => config,
});

function compile(node: ConfigNode, context: FactoryContext): JwtConfig {
  const prefix = node.text('stat_prefix');
  const statPrefix = `${context.statPrefix}jwt_authn.${prefix ? `${prefix}.` : ''}`;
  const counters = createStats(context.stats, statPrefix, { counters: COUNTERS });
  const table = node.child('providers');
  const providers = new Map(
    Object.keys(table?.value ?? {}).flatMap((name) => {
      const provider = table?.child(name);
      return provider ? [[name, new Provider(name, provider, compileJwks(provider, context, counters))] as const] : [];
    }),
  );
  const anyToken = (check: CheckProvider): Fault => {
    const faults = [...providers.keys()]
      .map((name) => check(name, undefined, 'any'))
      .filter((fault) => fault !== MISSING);
    return faults.length === 0 || faults.includes(undefined) ? undefined : faults[0];
  };
  const requirements = (map: ConfigNode | undefined): ReadonlyMap<string, Requirement> =>
    new Map(
      Object.keys(map?.value ?? {}).map((name) => [name, compileRequirement(map?.child(name), anyToken)] as const),
    );
  const named = requirements(node.child('requirement_map'));
  const rules = node.list('rules').map((rule) => {
    const byName = rule.text('requirement_name');
    const requires = rule.child('requires');
    const match = rule.child('match');
    return {
      node: rule,
      mismatch: match ? compileRouteMatch(match) : () => undefined,
      requirement: byName === undefined ? requires && compileRequirement(requires, anyToken) : named.get(byName),
    };
  });
  const state = node.child('filter_state_rules');
  return {
    node,
    providers,
    rules,
    named,
    stateKey: state?.text('name'),
    byState: requirements(state?.child('requires')),
    bypassesPreflight: node.flag('bypass_cors_preflight'),
    stripsFailure: node.flag('strip_failure_response'),
    counters,
  };
}
