import { hostOf } from '../../../../network/address.ts';
import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import { compileEngines, type Engines } from '../../../../matching/rbac_engine.ts';
import type {
  NetworkConnection,
  NetworkFilter,
  NetworkFilterContext,
  NetworkFilterFactory,
  NetworkFilterStatus,
} from '../../../../network/filter.ts';

const NO_HEADERS = new HeaderMap();
const METADATA = 'envoy.filters.network.rbac';

interface RbacConfig extends Engines {
  readonly node: ConfigNode;
  /** `STAT_PREFIX.rbac.` */
  readonly prefix: string;
  /** Before the counters of the shadow rules, with its dot. */
  readonly shadowPrefix: string;
  readonly delayMs: number;
  readonly isContinuous: boolean;
}

function compileConfig(node: ConfigNode): RbacConfig {
  const shadowPrefix = node.text('shadow_rules_stat_prefix') ?? '';
  return {
    node,
    ...compileEngines(node),
    prefix: `${node.text('stat_prefix') ?? ''}.rbac.`,
    shadowPrefix: shadowPrefix === '' || shadowPrefix.endsWith('.') ? shadowPrefix : `${shadowPrefix}.`,
    delayMs: durationMs(node.text('delay_deny')) ?? 0,
    isContinuous: node.text('enforcement_type') === 'CONTINUOUS',
  };
}

/** What rules may ask of a connection: there is no request yet. */
const factsOf = (connection: NetworkConnection) => ({
  request: NO_HEADERS,
  connection: connection.facts,
  dynamicMetadata: connection.dynamicMetadata,
  filterState: connection.filterState,
  log: { ...connection.log, remote: hostOf(connection.facts.remoteAddress) },
});

function setMetadata({ dynamicMetadata }: NetworkConnection, filter: string, values: Record<string, string | boolean>) {
  dynamicMetadata[filter] = { ...(dynamicMetadata[filter] as object | undefined), ...values };
}

/** Lets through the connections that policies allow, judged at their first byte: extensions/filters/network/rbac/rbac_filter.cc. */
export const networkRbacFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.rbac',
  type: 'envoy.extensions.filters.network.rbac.v3.RBAC',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (node, context) => {
    const config = compileConfig(node);
    const { prefix, shadowPrefix } = config;
    context.stats.declare(`${prefix}allowed`, `${prefix}denied`);
    context.stats.declare(...['allowed', 'denied'].map((word) => `${prefix}${shadowPrefix}shadow_${word}`));
    return (connection) => new NetworkRbac(config, connection, context);
  },
};

class NetworkRbac implements NetworkFilter {
  readonly #config: RbacConfig;
  readonly #connection: NetworkConnection;
  readonly #context: NetworkFilterContext;
  #verdict: 'allowed' | 'denied' | undefined;

  constructor(config: RbacConfig, connection: NetworkConnection, context: NetworkFilterContext) {
    this.#config = config;
    this.#connection = connection;
    this.#context = context;
  }

  onData(): NetworkFilterStatus {
    const { isContinuous, delayMs } = this.#config;
    if (this.#verdict === 'denied') return 'stop_iteration';
    if (this.#verdict === 'allowed' && !isContinuous) return 'continue';
    this.#judgeInShadow();
    const { isAllowed, policy } = this.#judge();
    this.#verdict = isAllowed ? 'allowed' : 'denied';
    if (isAllowed) return 'continue';
    const details = `rbac_access_denied_matched_policy[${(policy ?? 'none').replaceAll(' ', '_')}]`;
    const close = (): void => this.#connection.close(details);
    if (delayMs === 0) close();
    else this.#context.dispatcher.createTimer('rbac_delay_deny', delayMs, close);
    return 'stop_iteration';
  }

  #judge(): { isAllowed: boolean; policy?: string | undefined } {
    const decision = this.#config.rules?.(factsOf(this.#connection));
    if (!decision) return { isAllowed: true };
    this.#context.stats.add(`${this.#config.prefix}${decision.isAllowed ? 'allowed' : 'denied'}`);
    if (decision.logHint !== undefined)
      setMetadata(this.#connection, 'envoy.common', { access_log_hint: decision.logHint });
    this.#tell(decision, 'RBAC has', '');
    return decision;
  }

  /** Shadow rules only count and tell. */
  #judgeInShadow(): void {
    const { shadow, node, prefix, shadowPrefix } = this.#config;
    const decision = shadow?.(factsOf(this.#connection));
    if (!decision) return;
    const word = decision.isAllowed ? 'allowed' : 'denied';
    const key = `${node.text('shadow_rules_stat_prefix') ?? ''}shadow_`;
    this.#context.stats.add(`${prefix}${shadowPrefix}shadow_${word}`);
    setMetadata(this.#connection, METADATA, {
      ...(decision.policy !== undefined && { [`${key}effective_policy_id`]: decision.policy }),
      [`${key}engine_result`]: word,
    });
    this.#tell(decision, 'Shadow rules would have', 'shadow_');
  }

  #tell({ isAllowed, policy, because }: ReturnType<NonNullable<Engines['rules']>>, who: string, mark: string): void {
    const word = isAllowed ? 'allowed' : 'denied';
    this.#context.trace?.record({
      kind: `network_rbac_${mark}${word}`,
      state: isAllowed ? 'matched' : 'failed',
      because,
      sentence: `${who} ${word} the connection: ${policy === undefined ? 'no policy fits' : `the policy \`${policy}\` fits`}.`,
    });
  }
}
