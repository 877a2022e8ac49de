import type { ConfigNode } from '../config_node.ts';
import { isInCidr, isIpAddress } from '../network/cidr.ts';

/** The branches that a value leads to, the best first. */
export type Candidates<Branch> = (value: string) => readonly Branch[];

/** Makes a branch of an `on_match`. */
type CompileBranch<Branch> = (node: ConfigNode) => Branch;

/** `xds.type.matcher.v3.IPMatcher`: of the ranges that hold an address the longest first (common/matcher/ip_range_matcher.h). */
export function compileIpMatcher<Branch>(node: ConfigNode, compile: CompileBranch<Branch>): Candidates<Branch> {
  const ranges = node.list('range_matchers').flatMap((one) => {
    const onMatch = one.child('on_match');
    if (!onMatch) return [];
    const [branch, isExclusive] = [compile(onMatch), one.flag('exclusive')];
    return one.list('ranges').map((range) => ({ range, length: range.number('prefix_len') ?? 0, branch, isExclusive }));
  });
  ranges.sort((a, b) => b.length - a.length);
  return (value) => {
    if (!isIpAddress(value)) return [];
    const fitting = ranges.filter(({ range }) => isInCidr(value, range));
    return fitting.filter(({ isExclusive }, i) => i === 0 || !isExclusive).map(({ branch }) => branch);
  };
}

/** `xds.type.matcher.v3.ServerNameMatcher`: a name, the longest wildcard that ends it, then any (common/matcher/domain_matcher.h). */
export function compileDomainMatcher<Branch>(node: ConfigNode, compile: CompileBranch<Branch>): Candidates<Branch> {
  const domains = new Map<string, Branch>();
  for (const one of node.list('domain_matchers')) {
    const onMatch = one.child('on_match');
    const branch = onMatch && compile(onMatch);
    if (branch) for (const domain of one.texts('domains')) domains.set(domain, branch);
  }
  return (value) => {
    if (value === '') return [];
    const labels = value.split('.');
    const wildcards = labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`);
    return [value, ...wildcards, '*'].flatMap((domain) => domains.get(domain) ?? []);
  };
}
