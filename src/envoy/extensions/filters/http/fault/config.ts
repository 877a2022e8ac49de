import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { compileHeaderMatcher } from '../../../../router/route_match.ts';

export interface FaultConfig {
  readonly node: ConfigNode;
  readonly applies: (request: HeaderMap) => boolean;
  readonly upstreamCluster: string | undefined;
  readonly delay: ConfigNode | undefined;
  readonly delayMs: number | undefined;
  readonly abort: ConfigNode | undefined;
}

/** `HTTPFault`: whom it disturbs, and how. */
export function compileFault(node: ConfigNode): FaultConfig {
  const matchers = node.list('headers').map(compileHeaderMatcher);
  const delay = node.child('delay');
  return {
    node,
    applies: (request) => matchers.every((mismatch) => mismatch(request, '') === undefined),
    upstreamCluster: node.text('upstream_cluster'),
    delay,
    delayMs: durationMs(delay?.text('fixed_delay')),
    abort: node.child('abort'),
  };
}
