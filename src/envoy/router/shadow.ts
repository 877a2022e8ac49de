import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { OWN_ADDRESS } from '../http/client_address.ts';
import { HeaderMap } from '../http/header_map.ts';
import { isDrawn } from '../matching/fractional_percent.ts';

export interface ShadowPolicy {
  readonly cluster: string;
  readonly headers: HeaderMap;
}

/** The copies of a request that `request_mirror_policies` ask for: router/shadow_writer_impl.cc. */
export function shadowsOf(policies: readonly ConfigNode[], request: HeaderMap, random: Random): ShadowPolicy[] {
  return policies.flatMap((policy) => {
    const cluster = policy.text('cluster') || request.get((policy.text('cluster_header') ?? '').toLowerCase());
    const isPicked = isDrawn(policy.child('runtime_fraction')?.child('default_value'), random, true);
    if (cluster === undefined || !isPicked) return [];
    const headers = new HeaderMap(request.pairs());
    if (!policy.flag('disable_shadow_host_suffix_append'))
      headers.set(':authority', (request.get(':authority') ?? '').replace(/(:\d+)?$/, '-shadow$1'));
    headers.set('x-envoy-internal', 'true');
    headers.set('x-forwarded-for', [...request.all('x-forwarded-for'), OWN_ADDRESS].join(','));
    return [{ cluster, headers }];
  });
}
