import type { ConfigNode } from '../../../../config_node.ts';
import {
  defineHttpFilter,
  type FactoryContext,
  type FilterCallbacks,
  type FilterStatus,
  type HttpFilter,
} from '../../../../http/filter.ts';
import { compileEngines, type Engines } from '../../../../matching/rbac_engine.ts';

interface RbacConfig extends Engines {
  readonly node: ConfigNode;
}

function compile(node: ConfigNode, { stats, statPrefix }: FactoryContext): RbacConfig {
  const prefixOf = (field: string): string => `${statPrefix}rbac.${dotted(node.text(field))}`;
  const [own, shadow] = [prefixOf('rules_stat_prefix'), prefixOf('shadow_rules_stat_prefix')];
  stats.declare(`${own}allowed`, `${own}denied`, `${shadow}shadow_allowed`, `${shadow}shadow_denied`);
  return { node, ...compileEngines(node) };
}

export const rbacFilterFactory = defineHttpFilter<RbacConfig>({
  name: 'envoy.filters.http.rbac',
  type: 'envoy.extensions.filters.http.rbac.v3.RBAC',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, context) => {
    const own = compile(config, context);
    return (callbacks, perRoute) => new RbacFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: (config, context) => {
    const own = config.child('rbac');
    return own ? compile(own, context) : { node: config, rules: undefined, shadow: undefined };
  },
});

const dotted = (prefix: string | undefined): string => (prefix === undefined || prefix === '' ? '' : `${prefix}.`);

/** Lets through what the policies allow: extensions/filters/http/rbac/rbac_filter.cc. */
class RbacFilter implements HttpFilter {
  readonly #config: RbacConfig;
  readonly #callbacks: FilterCallbacks;

  constructor(config: RbacConfig, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    this.#shadow();
    const { rules, node } = this.#config;
    if (!rules) return 'continue';
    const { isAllowed, policy, because, logHint } = rules(this.#callbacks);
    if (logHint !== undefined) this.#callbacks.setMetadata('envoy.common', 'access_log_hint', logHint);
    this.#count(dotted(node.text('rules_stat_prefix')), isAllowed ? 'allowed' : 'denied', policy);
    this.#callbacks.trace?.record({
      kind: isAllowed ? 'rbac_allowed' : 'rbac_denied',
      state: isAllowed ? 'matched' : 'failed',
      because,
      sentence: `RBAC ${isAllowed ? 'allows' : 'denies'} the request: ${policy === undefined ? 'no policy fits' : `the policy \`${policy}\` fits`}.`,
    });
    if (isAllowed) return 'continue';
    this.#callbacks.sendLocalReply({
      status: 403,
      body: 'RBAC: access denied',
      details: `rbac_access_denied_matched_policy[${(policy ?? 'none').replaceAll(' ', '_')}]`,
    });
    return 'stop_iteration';
  }

  /** Shadow rules only count and tell. */
  #shadow(): void {
    const { shadow, node } = this.#config;
    if (!shadow) return;
    const { isAllowed, policy } = shadow(this.#callbacks);
    const prefix = node.text('shadow_rules_stat_prefix') ?? '';
    this.#count(dotted(prefix), `shadow_${isAllowed ? 'allowed' : 'denied'}`, policy);
    if (policy !== undefined)
      this.#callbacks.setMetadata('envoy.filters.http.rbac', `${prefix}shadow_effective_policy_id`, policy);
    this.#callbacks.setMetadata(
      'envoy.filters.http.rbac',
      `${prefix}shadow_engine_result`,
      isAllowed ? 'allowed' : 'denied',
    );
  }

  #count(prefix: string, name: string, policy: string | undefined): void {
    const { stats, statPrefix } = this.#callbacks;
    stats.add(`${statPrefix}rbac.${prefix}${name}`);
    if (policy !== undefined && this.#config.node.flag('track_per_rule_stats'))
      stats.add(`${statPrefix}rbac.${prefix}policy.${policy}.${name}`);
  }
}
