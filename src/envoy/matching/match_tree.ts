import type { JsonObject } from '#api';
import type { CelFacts } from '../cel/attributes.ts';
import { compileCelText, compileCelTree } from '../cel/expression.ts';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { Connection, HttpResponse } from '../seams.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';

/** What the inputs of a matcher are read from. */
export interface MatchFacts {
  readonly request: HeaderMap;
  readonly connection?: Connection;
  readonly response?: HttpResponse;
  readonly log?: CelFacts['log'];
  readonly dynamicMetadata?: JsonObject;
  readonly filterState?: CelFacts['filterState'];
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
  const custom = node.child('custom_match')?.child('typed_config');
  if (custom) return compileCustom(custom, node);
  const input = compileInput(node.child('input'));
  const value = node.child('value_match');
  const mismatch = value ? compileStringMatcher(value) : () => 'nothing';
  return (facts) => {
    const text = input(facts);
    return text !== undefined && mismatch(text) === undefined;
  };
}

/** A matcher of another kind than strings. Simplified: only CEL is known, another never fits. */
function compileCustom(custom: ConfigNode, node: ConfigNode): (facts: MatchFacts) => boolean {
  const kind = custom.text('@type')?.split('.').at(-1);
  const expression = custom.child('expr_match');
  if (kind !== 'CelMatcher' || !expression) return () => false;
  const text = expression.text('cel_expr_string');
  const tree = (expression.child('cel_expr_checked') ?? expression.child('cel_expr_parsed'))?.child('expr');
  const compiled = text !== undefined ? compileCelText(text) : tree && compileCelTree(tree);
  if (node.child('input')?.child('typed_config')?.text('@type')?.endsWith('.HttpAttributesCelMatchInput') !== true)
    return () => false;
  return (facts) => compiled?.(celFactsOf(facts)) === true;
}

/** What expressions may ask of a stream. */
export const celFactsOf = ({
  request,
  connection,
  response,
  log = {},
  dynamicMetadata = {},
  filterState = new Map<string, never>(),
}: MatchFacts): CelFacts => ({
  request,
  response: response?.headers,
  trailers: response?.trailers,
  log,
  dynamicMetadata,
  filterState,
  localAddress: connection?.localAddress ?? '',
  remoteAddress: connection?.remoteAddress ?? '',
  requestedServerName: connection?.tls?.sni,
  hasClientCertificate: connection?.tls?.peer !== undefined,
});

const joined = (headers: HeaderMap | undefined, name: string): string | undefined =>
  headers?.has(name) === true ? headers.all(name).join(',') : undefined;
const hostOf = (address: string | undefined): string | undefined => address?.slice(0, address.lastIndexOf(':'));
const portOf = (address: string | undefined): string | undefined => address?.slice(address.lastIndexOf(':') + 1);

/** Where the value of a matcher comes from, by the last part of its type. Simplified: another input has no value. */
const INPUTS: Readonly<Record<string, (config: ConfigNode) => Input>> = {
  HttpRequestHeaderMatchInput: (config) => {
    const name = (config.text('header_name') ?? '').toLowerCase();
    return ({ request }) => joined(request, name);
  },
  HttpResponseHeaderMatchInput: (config) => {
    const name = (config.text('header_name') ?? '').toLowerCase();
    return ({ response }) => joined(response?.headers, name);
  },
  HttpResponseTrailerMatchInput: (config) => {
    const name = (config.text('header_name') ?? '').toLowerCase();
    return ({ response }) => joined(response?.trailers, name);
  },
  HttpRequestQueryParamMatchInput: (config) => {
    const name = config.text('query_param') ?? '';
    return ({ request }) => queryParameter(request.get(':path') ?? '', name);
  },
  HttpResponseStatusCodeMatchInput:
    () =>
    ({ response }) =>
      response && String(response.status),
  HttpResponseStatusCodeClassMatchInput:
    () =>
    ({ response }) =>
      response && `${Math.floor(response.status / 100)}xx`,
  SourceIPInput:
    () =>
    ({ connection }) =>
      hostOf(connection?.remoteAddress),
  DirectSourceIPInput:
    () =>
    ({ connection }) =>
      hostOf(connection?.remoteAddress),
  SourcePortInput:
    () =>
    ({ connection }) =>
      portOf(connection?.remoteAddress),
  DestinationIPInput:
    () =>
    ({ connection }) =>
      hostOf(connection?.localAddress),
  DestinationPortInput:
    () =>
    ({ connection }) =>
      portOf(connection?.localAddress),
  ServerNameInput:
    () =>
    ({ connection }) =>
      connection?.tls?.sni,
};

function compileInput(node: ConfigNode | undefined): Input {
  const config = node?.child('typed_config');
  const input = INPUTS[config?.text('@type')?.split('.').at(-1) ?? ''];
  return config && input ? input(config) : () => undefined;
}

function queryParameter(path: string, name: string): string | undefined {
  const pairs = (path.split('?')[1] ?? '').split('&');
  return pairs.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}
