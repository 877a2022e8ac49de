import type { ConfigNode } from '../config_node.ts';
import { compileSinglePredicate, type Predicate } from './input_matchers.ts';
import type { MatchFacts } from './match_facts.ts';
import { compileInput } from './match_inputs.ts';
import { compileDomainMatcher, compileIpMatcher, type Candidates } from './match_maps.ts';

/** The action of the first branch that fits, as its configuration; undefined where nothing does. */
export type MatchTree = (facts: MatchFacts) => ConfigNode | undefined;

/**
 * `xds.type.matcher.v3.Matcher`: a list or a tree of predicates with nested matchers and actions. A branch that leads to no
 * action is as good as none: the search goes on behind it (matcher/matcher.h, handleRecursionAndSkips).
 */
export function compileMatchTree(node: ConfigNode): MatchTree {
  const onNoMatch = node.child('on_no_match');
  const otherwise = onNoMatch ? compileOnMatch(onNoMatch) : () => undefined;
  const branches = node.child('matcher_list')
    ? compileList(node.child('matcher_list')!)
    : compileTree(node.child('matcher_tree'));
  return (facts) => branches(facts) ?? otherwise(facts);
}

function compileOnMatch(node: ConfigNode): MatchTree {
  // What is found and not kept: only a log of matches would tell.
  if (node.flag('keep_matching')) return () => undefined;
  const nested = node.child('matcher');
  if (nested) return compileMatchTree(nested);
  const action = node.child('action')?.child('typed_config');
  return () => action;
}

/** What the first that leads somewhere leads to. */
function firstOf(branches: Iterable<MatchTree>, facts: MatchFacts): ConfigNode | undefined {
  for (const branch of branches) {
    const action = branch(facts);
    if (action) return action;
  }
  return undefined;
}

function compileList(node: ConfigNode): MatchTree {
  const matchers = node.list('matchers').flatMap((one): MatchTree[] => {
    const [predicate, onMatch] = [one.child('predicate'), one.child('on_match')];
    if (!predicate || !onMatch) return [];
    const [fits, then] = [compilePredicate(predicate), compileOnMatch(onMatch)];
    return [(facts) => (fits(facts) ? then(facts) : undefined)];
  });
  return (facts) => firstOf(matchers, facts);
}

function compileTree(node: ConfigNode | undefined): MatchTree {
  const input = compileInput(node?.child('input'));
  const candidates = compileCandidates(node);
  return (facts) => {
    const value = input(facts);
    return value === undefined ? undefined : firstOf(candidates(value), facts);
  };
}

function compileCandidates(node: ConfigNode | undefined): Candidates<MatchTree> {
  const custom = node?.child('custom_match')?.child('typed_config');
  const kind = custom?.text('@type')?.split('.').at(-1);
  if (custom && kind === 'IPMatcher') return compileIpMatcher(custom, compileOnMatch);
  if (custom && kind === 'ServerNameMatcher') return compileDomainMatcher(custom, compileOnMatch);
  const isPrefix = node?.has('prefix_match_map') === true;
  const map = node?.child(isPrefix ? 'prefix_match_map' : 'exact_match_map')?.child('map');
  const branches = Object.keys(map?.value ?? {}).flatMap((key) => {
    const branch = map?.child(key);
    return branch ? [{ key, then: compileOnMatch(branch) }] : [];
  });
  // The longest prefix first: a trie in Envoy.
  branches.sort((a, b) => b.key.length - a.key.length);
  return (value) =>
    branches.filter(({ key }) => (isPrefix ? value.startsWith(key) : value === key)).map(({ then }) => then);
}

function compilePredicate(node: ConfigNode): Predicate {
  const single = node.child('single_predicate');
  if (single) return compileSinglePredicate(single);
  const all = node.child('and_matcher')?.list('predicate').map(compilePredicate);
  if (all) return (facts) => all.every((one) => one(facts));
  const any = node.child('or_matcher')?.list('predicate').map(compilePredicate);
  if (any) return (facts) => any.some((one) => one(facts));
  const not = node.child('not_matcher');
  const inner = not ? compilePredicate(not) : () => true;
  return (facts) => !inner(facts);
}
