import type { ConfigNode } from '../config_node.ts';

/** What the router filter is told of every request: `router.v3.Router`. */
export interface RouterSettings {
  readonly suppressEnvoyHeaders: boolean;
  /** `dynamic_stats`. */
  readonly countsCodes: boolean;
  /** Codes of gRPC requests are not counted under the cluster: the HTTP status says nothing of them. */
  readonly suppressesGrpcCodes: boolean;
  /** Another Envoy before this one has said how long somebody waits. */
  readonly respectsExpectedTimeout: boolean;
  /** Headers that have to be right where they are there. */
  readonly strictHeaders: readonly string[];
}

export const DEFAULT_ROUTER: RouterSettings = compileRouter(undefined);

export function compileRouter(node: ConfigNode | undefined): RouterSettings {
  return {
    suppressEnvoyHeaders: node?.flag('suppress_envoy_headers') === true,
    countsCodes: node?.raw('dynamic_stats') !== false,
    suppressesGrpcCodes: node?.flag('suppress_grpc_request_failure_code_stats') === true,
    respectsExpectedTimeout: node?.flag('respect_expected_rq_timeout') === true,
    strictHeaders: node?.texts('strict_check_headers').map((name) => name.toLowerCase()) ?? [],
  };
}
