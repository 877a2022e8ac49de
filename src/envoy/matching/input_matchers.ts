import { compileCelText, compileCelTree } from '../cel/expression.ts';
import type { ConfigNode } from '../config_node.ts';
import { xxHash64 } from '../load_balancing/xx_hash64.ts';
import { isInCidr } from '../network/cidr.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';
import { fractionOf } from '../runtime/runtime.ts';
import { celFactsOf, type MatchFacts } from './match_facts.ts';
import { compileInput } from './match_inputs.ts';
import { compileValueMatcher, valueAt } from './metadata_matcher.ts';

export type Predicate = (facts: MatchFacts) => boolean;

/** `SinglePredicate`: what an input says, judged by a matcher of strings or of another kind. */
export function compileSinglePredicate(node: ConfigNode): Predicate {
  const custom = node.child('custom_match')?.child('typed_config');
  if (custom) return compileCustom(custom, node.child('input'));
  const value = node.child('value_match');
  const mismatch = value ? compileStringMatcher(value) : () => 'nothing';
  return ofText(node.child('input'), (text) => mismatch(text) === undefined);
}

function ofText(node: ConfigNode | undefined, fits: (text: string, facts: MatchFacts) => boolean): Predicate {
  const input = compileInput(node);
  return (facts) => {
    const text = input(facts);
    return text !== undefined && fits(text, facts);
  };
}

/** Matchers of other kinds, by the last part of their types. Simplified: another never fits. */
const CUSTOM: Readonly<Record<string, (config: ConfigNode, input: ConfigNode | undefined) => Predicate>> = {
  CelMatcher: compileCel,
  Ip: (config, input) => {
    const ranges = config.list('cidr_ranges');
    return ofText(input, (text) => ranges.some((range) => isInCidr(text, range)));
  },
  Metadata: compileMetadata,
  ConsistentHashing: (config, input) => {
    const [threshold, modulo] = [BigInt(config.number('threshold') ?? 0), BigInt(config.number('modulo') ?? 1)];
    const seed = seedOf(config);
    return ofText(input, (text) => xxHash64(text, seed) % modulo >= threshold);
  },
  RuntimeFraction: (config, input) => {
    const share = config.child('runtime_fraction');
    const otherwise = fractionOf(share?.child('default_value'), { numerator: 0, denominator: 100 });
    const [key, seed] = [share?.text('runtime_key') ?? '', seedOf(config)];
    return ofText(input, (text, { runtime }) => {
      const { numerator, denominator } = runtime?.fraction(key, otherwise) ?? otherwise;
      return xxHash64(text, seed) % BigInt(denominator) < BigInt(numerator);
    });
  },
};

function compileCustom(config: ConfigNode, input: ConfigNode | undefined): Predicate {
  return CUSTOM[config.text('@type')?.split('.').at(-1) ?? '']?.(config, input) ?? (() => false);
}

const seedOf = (config: ConfigNode): bigint => BigInt(config.text('seed') ?? config.number('seed') ?? 0);

function compileCel(config: ConfigNode, input: ConfigNode | undefined): Predicate {
  const expression = config.child('expr_match');
  if (!expression) return () => false;
  const text = expression.text('cel_expr_string');
  const tree = (expression.child('cel_expr_checked') ?? expression.child('cel_expr_parsed'))?.child('expr');
  const compiled = text !== undefined ? compileCelText(text) : tree && compileCelTree(tree);
  if (input?.child('typed_config')?.text('@type')?.endsWith('.HttpAttributesCelMatchInput') !== true)
    return () => false;
  return (facts) => compiled?.(celFactsOf(facts)) === true;
}

/** The only matcher of values that are no texts: those of the dynamic metadata. */
function compileMetadata(config: ConfigNode, input: ConfigNode | undefined): Predicate {
  const at = input?.child('typed_config');
  const path = [at?.text('filter') ?? '', ...(at?.list('path') ?? []).map((segment) => segment.text('key') ?? '')];
  const value = config.child('value');
  const matches = value ? compileValueMatcher(value) : () => false;
  const isInverted = config.flag('invert');
  return ({ dynamicMetadata = {} }) => matches(valueAt(dynamicMetadata, path)) !== isInverted;
}
