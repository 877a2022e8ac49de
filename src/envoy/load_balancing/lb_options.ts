import type { ConfigNode } from '../config_node.ts';

/** What balances the hosts of a cluster, wherever its configuration says so. */
export interface LbOptions {
  /** As `lb_policy` names it. */
  readonly policy: string;
  readonly config: ConfigNode | undefined;
  /** The policy that lets a request name its endpoint. */
  readonly override: ConfigNode | undefined;
  readonly subset: ConfigNode | undefined;
  readonly isLocalityWeighted: boolean;
  readonly zoneAware: ConfigNode | undefined;
  /** `consistent_hashing_lb_config`. */
  readonly hashing: ConfigNode | undefined;
}

const OPTIONS_OF: Readonly<Record<string, string>> = {
  ROUND_ROBIN: 'round_robin_lb_config',
  LEAST_REQUEST: 'least_request_lb_config',
  RING_HASH: 'ring_hash_lb_config',
  MAGLEV: 'maglev_lb_config',
};
/** Policies that hand the choice on: the field that says to which. */
const INNER: Readonly<Record<string, string>> = {
  OVERRIDE_HOST: 'fallback_policy',
  SUBSET: 'subset_lb_policy',
  WRR_LOCALITY: 'endpoint_picking_policy',
};
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(OPTIONS_OF),
  ...Object.keys(INNER),
  'RANDOM',
  // Simplified: nobody reports load, so its hosts take turns.
  'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
]);

/** `load_balancing_policy` where it is set, or else `lb_policy` with what belongs to it. */
export function lbOptionsOf(cluster: ConfigNode): LbOptions {
  const policies = cluster.child('load_balancing_policy');
  return policies ? optionsOfExtension(policies) : optionsOfCluster(cluster);
}

function optionsOfCluster(cluster: ConfigNode): LbOptions {
  const policy = cluster.text('lb_policy') ?? 'ROUND_ROBIN';
  const common = cluster.child('common_lb_config');
  return {
    policy,
    config: cluster.child(OPTIONS_OF[policy] ?? ''),
    override: undefined,
    subset: cluster.child('lb_subset_config'),
    isLocalityWeighted: common?.has('locality_weighted_lb_config') === true,
    zoneAware: common?.child('zone_aware_lb_config'),
    hashing: common?.child('consistent_hashing_lb_config'),
  };
}

function optionsOfExtension(policies: ConfigNode): LbOptions {
  const config = policyIn(policies);
  const policy = nameOf(config);
  const inner = config?.child(INNER[policy] ?? '');
  if (inner) {
    const options = optionsOfExtension(inner);
    if (policy === 'WRR_LOCALITY') return { ...options, isLocalityWeighted: true };
    return policy === 'SUBSET' ? { ...options, subset: config } : { ...options, override: config };
  }
  const locality = config?.child('locality_lb_config') ?? config;
  return {
    policy,
    config,
    override: undefined,
    subset: undefined,
    isLocalityWeighted: locality?.has('locality_weighted_lb_config') === true,
    zoneAware: locality?.child('zone_aware_lb_config'),
    hashing: config?.child('consistent_hashing_lb_config'),
  };
}

/** The first policy that is known counts; those before it are for other versions. */
const policyIn = (policies: ConfigNode): ConfigNode | undefined =>
  policies
    .list('policies')
    .map((policy) => policy.child('typed_extension_config')?.child('typed_config'))
    .find((config) => config !== undefined && KNOWN.has(nameOf(config)));

function nameOf(extension: ConfigNode | undefined): string {
  const message = extension?.text('@type')?.split('.').at(-1) ?? '';
  return message.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}
