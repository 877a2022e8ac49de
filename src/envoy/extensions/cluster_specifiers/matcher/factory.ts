import { compileMatchTree } from '../../../matching/match_tree.ts';
import type { ClusterSpecifierFactory } from '../../../router/cluster_specifier.ts';

/** A tree of matchers whose actions name clusters: cluster_specifiers/matcher/matcher_cluster_specifier.cc. */
export const matcherClusterSpecifierFactory: ClusterSpecifierFactory = {
  type: 'envoy.extensions.router.cluster_specifiers.matcher.v3.MatcherClusterSpecifier',
  compile: (config) => {
    const matcher = config.child('cluster_matcher');
    const choose = matcher ? compileMatchTree(matcher) : () => undefined;
    return (facts) => choose(facts)?.text('cluster') ?? '';
  },
};
