import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';

/** What the inputs of a matcher are read from. */
interface MatchFacts {
  readonly request: HeaderMap;
}

/** The action of the first branch that fits, as its configuration; undefined where nothing does. */
export type MatchTree = (facts: MatchFacts) => ConfigNode | undefined;

type Input = (facts: MatchFacts) => string | undefined;

/** `xds.type.matcher.v3.Matcher`: a list or a tree of predicates with nested matchers and actions. */
export function compileMatchTree(node: ConfigNode): MatchTree {
  const onNoMatch = node.child('on_no_match');
  const otherwise = onNoMatch ? compileOnMatch(onNoMatch) : () => undefined;
  const branches = node.child('matcher_list')
    ? compileList(node.child('matcher_list')!)
    : compileTree(node.child('matcher_tree'));
  return (facts) => branches(facts) ?? otherwise(facts);
}

function compileOnMatch(node: ConfigNode): MatchTree {
  const nested = node.child('matcher');
  if (nested) return compileMatchTree(nested);
  const action = node.child('action')?.child('typed_config');
  return () => action;
}

function compileList(node: ConfigNode): MatchTree {
  const matchers = node.list('matchers').flatMap((one) => {
    const [predicate, onMatch] = [one.child('predicate'), one.child('on_match')];
    return predicate && onMatch ? [{ fits: compilePredicate(predicate), then: compileOnMatch(onMatch) }] : [];
  });
  return (facts) => matchers.find(({ fits }) => fits(facts))?.then(facts);
}

function compileTree(node: ConfigNode | undefined): MatchTree {
  const input = compileInput(node?.child('input'));
  const isPrefix = node?.has('prefix_match_map') === true;
  const map = node?.child(isPrefix ? 'prefix_match_map' : 'exact_match_map')?.child('map');
  const branches = Object.keys(map?.value ?? {}).flatMap((key) => {
    const branch = map?.child(key);
    return branch ? [{ key, then: compileOnMatch(branch) }] : [];
  });
  // The longest prefix first: a trie in Envoy.
  branches.sort((a, b) => b.key.length - a.key.length);
  return (facts) => {
    const value = input(facts);
    return value === undefined
      ? undefined
      : branches.find(({ key }) => (isPrefix ? value.startsWith(key) : value === key))?.then(facts);
  };
}

function compilePredicate(node: ConfigNode): (facts: MatchFacts) => boolean {
  const single = node.child('single_predicate');
  if (single) return compileSingle(single);
  const all = node.child('and_matcher')?.list('predicate').map(compilePredicate);
  if (all) return (facts) => all.every((one) => one(facts));
  const any = node.child('or_matcher')?.list('predicate').map(compilePredicate);
  if (any) return (facts) => any.some((one) => one(facts));
  const not = node.child('not_matcher');
  const inner = not ? compilePredicate(not) : () => true;
  return (facts) => !inner(facts);
}

function compileSingle(node: ConfigNode): (facts: MatchFacts) => boolean {
  const input = compileInput(node.child('input'));
  const value = node.child('value_match');
  const mismatch = value ? compileStringMatcher(value) : () => 'nothing';
  return (facts) => {
    const text = input(facts);
    return text !== undefined && mismatch(text) === undefined;
  };
}

/** Simplified: request headers and query parameters; another input has no value. */
function compileInput(node: ConfigNode | undefined): Input {
  const config = node?.child('typed_config');
  const type = config?.text('@type')?.split('.').at(-1);
  if (type === 'HttpRequestHeaderMatchInput') {
    const name = (config?.text('header_name') ?? '').toLowerCase();
    return ({ request }) => (request.has(name) ? request.all(name).join(',') : undefined);
  }
  if (type === 'HttpRequestQueryParamMatchInput') {
    const name = config?.text('query_param') ?? '';
    return ({ request }) =>
      (request.get(':path')?.split('?')[1] ?? '')
        .split('&')
        .find((one) => one.startsWith(`${name}=`))
        ?.slice(name.length + 1);
  }
  return () => undefined;
}
