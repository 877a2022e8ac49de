import type { ConfigRef } from '#source';
import { compileCelTree } from '../cel/expression.ts';
import { ConfigNode } from '../config_node.ts';
import { compileRule, type RbacFacts } from './rbac_rules.ts';

interface Decision {
  readonly isAllowed: boolean;
  /** The first policy that fits, by name. */
  readonly policy: string | undefined;
  readonly because: ConfigRef;
}

export type Engine = (facts: RbacFacts) => Decision;

/** `config.rbac.v3.RBAC`: policies in the order of their names; ALLOW needs one that fits, DENY none. */
export function compileEngine(node: ConfigNode): Engine {
  const isDeny = node.text('action') === 'DENY';
  const isLog = node.text('action') === 'LOG';
  const policies = Object.keys((node.child('policies')?.value ?? {}) as object)
    .sort()
    .flatMap((name) => {
      const policy = node.child('policies')!.child(name);
      if (!policy) return [];
      const permissions = policy.list('permissions').map(compileRule);
      const principals = policy.list('principals').map(compileRule);
      const condition = compileCondition(policy);
      return [
        {
          name,
          ref: policy.ref,
          fits: (facts: RbacFacts) =>
            permissions.some((one) => one(facts)) && principals.some((one) => one(facts)) && condition(facts),
        },
      ];
    });
  return (facts) => {
    const found = policies.find((policy) => policy.fits(facts));
    return {
      isAllowed: isLog || (found !== undefined) !== isDeny,
      policy: found?.name,
      because: found?.ref ?? node.ref,
    };
  };
}

/** A CEL condition has to be true; one that asks for what is not there does not hold. */
function compileCondition(policy: ConfigNode): (facts: RbacFacts) => boolean {
  const tree = policy.child('condition') ?? policy.child('checked_condition')?.child('expr');
  const expression = tree && compileCelTree(tree);
  if (!tree) return () => true;
  return ({ request, log, dynamicMetadata, filterState, connection }) =>
    expression?.({
      request,
      log,
      dynamicMetadata,
      filterState,
      localAddress: connection.localAddress,
      remoteAddress: connection.remoteAddress,
      requestedServerName: connection.tls?.sni,
      hasClientCertificate: connection.tls?.peer !== undefined,
    }) === true;
}
