import type { ConfigRef } from '#source';
import { compileCelTree } from '../cel/expression.ts';
import { ConfigNode } from '../config_node.ts';
import type { Json } from '#api';
import { celFactsOf } from './match_facts.ts';
import { compileMatchTree } from './match_tree.ts';
import { compileRule, type RbacFacts } from './rbac_rules.ts';

interface Decision {
  readonly isAllowed: boolean;
  /** The first policy that fits, by name. */
  readonly policy: string | undefined;
  readonly because: ConfigRef;
  /** Of rules that log: whether this request is to be logged (`envoy.common:access_log_hint`). */
  readonly logHint?: boolean;
}

export type Engine = (facts: RbacFacts) => Decision;

/** The rules of a filter, and those that only count; each as policies or as a matcher. */
export interface Engines {
  readonly rules: Engine | undefined;
  readonly shadow: Engine | undefined;
}

export function compileEngines(config: ConfigNode): Engines {
  const engineOf = (rules: string, matcher: string): Engine | undefined => {
    const [byRules, byMatcher] = [config.child(rules), config.child(matcher)];
    return byRules ? compileEngine(byRules) : byMatcher && compileMatcherEngine(byMatcher);
  };
  return { rules: engineOf('rules', 'matcher'), shadow: engineOf('shadow_rules', 'shadow_matcher') };
}

/** `config.rbac.v3.RBAC`: policies in the order of their names; ALLOW needs one that fits, DENY none. */
function compileEngine(node: ConfigNode): Engine {
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
      ...(isLog ? { logHint: found !== undefined } : {}),
    };
  };
}

/** `matcher` of RBAC: the action that is found decides, and where there is none the request is denied (engine_impl.cc). */
function compileMatcherEngine(node: ConfigNode): Engine {
  const tree = compileMatchTree(node);
  const logs = hasLogAction(node.value);
  return (facts) => {
    const action = tree(facts);
    const kind = action?.text('action') ?? 'ALLOW';
    return {
      isAllowed: action !== undefined && kind !== 'DENY',
      policy: action?.text('name'),
      because: action?.ref ?? node.ref,
      ...(logs ? { logHint: action !== undefined && kind === 'LOG' } : {}),
    };
  };
}

function hasLogAction(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value) && value['action'] === 'LOG') return true;
  return Object.values(value).some(hasLogAction);
}

/** A CEL condition has to be true; one that asks for what is not there does not hold. */
function compileCondition(policy: ConfigNode): (facts: RbacFacts) => boolean {
  const tree = policy.child('condition') ?? policy.child('checked_condition')?.child('expr');
  const expression = tree && compileCelTree(tree, policy.child('cel_config'));
  if (!tree) return () => true;
  return (facts) => expression?.(celFactsOf(facts)) === true;
}
