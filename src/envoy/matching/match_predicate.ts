import type { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import { compileHeaderMatcher } from '../router/route_match.ts';
import type { HttpResponse } from '../seams.ts';

export type ResponsePredicate = (response: Pick<HttpResponse, 'status' | 'headers'>) => boolean;

/** `config.common.matcher.v3.MatchPredicate` of a response's headers. Simplified: one of anything else never fits. */
export function compileResponsePredicate(node: ConfigNode): ResponsePredicate {
  if (node.flag('any_match')) return () => true;
  const rules = (name: string): readonly ResponsePredicate[] | undefined =>
    node.child(name)?.list('rules').map(compileResponsePredicate);
  const [all, any] = [rules('and_match'), rules('or_match')];
  if (all) return (response) => all.every((one) => one(response));
  if (any) return (response) => any.some((one) => one(response));
  const not = node.child('not_match');
  if (not) {
    const inner = compileResponsePredicate(not);
    return (response) => !inner(response);
  }
  const mismatches = node.child('http_response_headers_match')?.list('headers').map(compileHeaderMatcher);
  return ({ status, headers }) => {
    const seen = new HeaderMap([[':status', String(status)], ...headers.pairs()]);
    return mismatches?.every((one) => one(seen, '') === undefined) === true;
  };
}
