import type { Random } from '#sim';
import { compileOnce } from '../compile_once.ts';
import type { ConfigNode } from '../config_node.ts';
import { OWN_ADDRESS } from '../http/client_address.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { HeaderMap } from '../http/header_map.ts';
import { compileHeaderMutations } from '../http/header_mutations.ts';
import { fractionOf, type Runtime } from '../runtime/runtime.ts';

export interface ShadowPolicy {
  readonly cluster: string;
  readonly headers: HeaderMap;
}

/** By what a copy may be left out, and changed. */
export interface ShadowChance {
  readonly random: Random;
  readonly runtime: Runtime;
  readonly context: () => FormatterContext;
}

const mutationsOf = compileOnce((policy) => compileHeaderMutations(policy.list('request_headers_mutations')));

/** The name of its own that a policy gives, or the request's with a mark. */
function hostOf(policy: ConfigNode, host: string): string {
  const own = policy.text('host_rewrite_literal') ?? '';
  if (own !== '') return own;
  return policy.flag('disable_shadow_host_suffix_append') ? host : host.replace(/(:\d+)?$/, '-shadow$1');
}

function isSampled(node: ConfigNode | undefined, random: Random, runtime: Runtime): boolean {
  if (!node) return true;
  const given = fractionOf(node.child('default_value'), { numerator: 0, denominator: 100 });
  return runtime.isEnabled(node.text('runtime_key') ?? '', given, random.below(given.denominator));
}

/** The copies of a request that `request_mirror_policies` ask for: router/shadow_writer_impl.cc. */
export function shadowsOf(
  policies: readonly ConfigNode[],
  request: HeaderMap,
  { random, runtime, context }: ShadowChance,
): ShadowPolicy[] {
  return policies.flatMap((policy) => {
    const cluster = policy.text('cluster') || request.get((policy.text('cluster_header') ?? '').toLowerCase());
    const isPicked = isSampled(policy.child('runtime_fraction'), random, runtime);
    if (cluster === undefined || !isPicked) return [];
    const headers = new HeaderMap(request.pairs());
    mutationsOf(policy)(headers, context);
    headers.set(':authority', hostOf(policy, headers.get(':authority') ?? ''));
    headers.set('x-envoy-internal', 'true');
    headers.set('x-forwarded-for', [...request.all('x-forwarded-for'), OWN_ADDRESS].join(','));
    return [{ cluster, headers }];
  });
}
