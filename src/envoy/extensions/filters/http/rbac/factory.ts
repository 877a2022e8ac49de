import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { compileEngine, type Engine } from '../../../../matching/rbac_engine.ts';

interface RbacConfig {
  readonly node: ConfigNode;
  readonly rules: Engine | undefined;
  readonly shadow: Engine | undefined;
}

function compile(node: ConfigNode): RbacConfig {
  const [rules, shadow] = [node.child('rules'), node.child('shadow_rules')];
  return { node, rules: rules && compileEngine(rules), shadow: shadow && compileEngine(shadow) };
}

export const rbacFilterFactory = defineHttpFilter<RbacConfig>({
  name: 'envoy.filters.http.rbac',
  type: 'envoy.extensions.filters.http.rbac.v3.RBAC',
  fidelity: { level: 'partial', notSimulated: ['matcher', 'shadow_matcher'] },
  compile: (config) => {
    const own = compile(config);
    return (callbacks, perRoute) => new RbacFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: (config) => {
    const own = config.child('rbac');
    return own ? compile(own) : { node: config, rules: undefined, shadow: undefined };
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
    const { isAllowed, policy, because } = rules(this.#callbacks);
    this.#count(`${dotted(node.text('rules_stat_prefix'))}${isAllowed ? 'allowed' : 'denied'}`);
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
    this.#count(`${dotted(prefix)}shadow_${isAllowed ? 'allowed' : 'denied'}`);
    if (policy !== undefined)
      this.#callbacks.setMetadata('envoy.filters.http.rbac', `${prefix}shadow_effective_policy_id`, policy);
    this.#callbacks.setMetadata(
      'envoy.filters.http.rbac',
      `${prefix}shadow_engine_result`,
      isAllowed ? 'allowed' : 'denied',
    );
  }

  #count(name: string): void {
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}rbac.${name}`);
  }
}
