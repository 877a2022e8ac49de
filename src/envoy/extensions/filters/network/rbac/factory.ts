import { durationMs } from '#api';
import { HeaderMap } from '../../../../http/header_map.ts';
import { compileEngine, type Engine } from '../../../../matching/rbac_engine.ts';
import type { NetworkConnection, NetworkFilterFactory } from '../../../../network/filter.ts';

const NO_HEADERS = new HeaderMap();

/** What rules may ask of a connection: there is no request yet. */
const factsOf = (connection: NetworkConnection) => ({
  request: NO_HEADERS,
  connection: connection.facts,
  dynamicMetadata: connection.dynamicMetadata,
  filterState: connection.filterState,
  log: { ...connection.log, remote: connection.facts.remoteAddress.replace(/:\d+$/, '') },
});

/** Lets through the connections that policies allow, judged at their first byte: extensions/filters/network/rbac/rbac_filter.cc. */
export const networkRbacFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.rbac',
  type: 'envoy.extensions.filters.network.rbac.v3.RBAC',
  fidelity: { level: 'partial', notSimulated: ['matcher', 'shadow_matcher'] },
  compile: (config, { stats, trace, dispatcher }) => {
    const [rulesNode, shadowNode] = [config.child('rules'), config.child('shadow_rules')];
    const [rules, shadow] = [rulesNode && compileEngine(rulesNode), shadowNode && compileEngine(shadowNode)];
    const prefix = `${config.text('stat_prefix') ?? ''}.rbac.`;
    const shadowPrefix = config.text('shadow_rules_stat_prefix') ?? '';
    const delayMs = durationMs(config.text('delay_deny')) ?? 0;
    const isContinuous = config.text('enforcement_type') === 'CONTINUOUS';
    stats.declare(...['allowed', 'denied', 'shadow_allowed', 'shadow_denied'].map((name) => prefix + name));
    const judge = (engine: Engine, connection: NetworkConnection, isShadow: boolean) => {
      const decision = engine(factsOf(connection));
      const word = decision.isAllowed ? 'allowed' : 'denied';
      stats.add(`${prefix}${isShadow ? `${shadowPrefix}shadow_` : ''}${word}`);
      trace?.record({
        kind: `network_rbac_${isShadow ? 'shadow_' : ''}${word}`,
        state: decision.isAllowed ? 'matched' : 'failed',
        because: decision.because,
        sentence: `${isShadow ? 'Shadow rules would have' : 'RBAC has'} ${word} the connection: ${decision.policy === undefined ? 'no policy fits' : `the policy \`${decision.policy}\` fits`}.`,
      });
      return decision;
    };
    return (connection) => {
      let verdict: 'allowed' | 'denied' | undefined;
      return {
        onData: () => {
          if (verdict === 'denied') return 'stop_iteration';
          if (verdict === 'allowed' && !isContinuous) return 'continue';
          if (shadow) judge(shadow, connection, true);
          const decision = rules && judge(rules, connection, false);
          verdict = decision && !decision.isAllowed ? 'denied' : 'allowed';
          if (verdict === 'allowed') return 'continue';
          const details = `rbac_access_denied_matched_policy[${(decision!.policy ?? 'none').replaceAll(' ', '_')}]`;
          if (delayMs === 0) connection.close(details);
          else dispatcher.createTimer('rbac_delay_deny', delayMs, () => connection.close(details));
          return 'stop_iteration';
        },
      };
    };
  },
};
