import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import { LeastRequest } from './least_request.ts';
import type { HostPicker } from './load_balancer.ts';
import { Maglev } from './maglev.ts';
import { fallbackOf } from './override_host.ts';
import { RandomChoice } from './random_choice.ts';
import { murmurHash2 } from './murmur_hash.ts';
import { xxHash64 } from './xx_hash64.ts';
import { RingHash } from './ring_hash.ts';
import { RoundRobin } from './round_robin.ts';
import { SlowStart } from './slow_start.ts';

const DEFAULT_RING_SIZE = 1024;
const LARGEST_RING = 8 * 1024 * 1024;
const DEFAULT_TABLE_SIZE = 65_537;

type Compile = (options: ConfigNode | undefined, owner: PolicyOwner, usesHostname: boolean) => HostPicker;

/** What a policy needs of its cluster. */
export interface PolicyOwner {
  readonly random: Random;
  readonly nowMs: () => number;
}

function slowStartOf(options: ConfigNode | undefined, { nowMs }: PolicyOwner): SlowStart | undefined {
  const node = options?.child('slow_start_config');
  return node && new SlowStart(node, nowMs);
}

/** By the name of `lb_policy`: the field of its options, and how it is made. A policy that is not here takes turns. */
const POLICIES: Readonly<Record<string, { readonly field: string; readonly compile: Compile }>> = {
  ROUND_ROBIN: {
    field: 'round_robin_lb_config',
    compile: (options, owner) => new RoundRobin(slowStartOf(options, owner)),
  },
  RANDOM: { field: '', compile: (_, { random }) => new RandomChoice(random) },
  LEAST_REQUEST: {
    field: 'least_request_lb_config',
    compile: (options, owner) =>
      new LeastRequest(owner.random, {
        slowStart: slowStartOf(options, owner),
        choices: options?.number('choice_count') ?? 2,
        bias: options?.child('active_request_bias')?.number('default_value') ?? 1,
      }),
  },
  RING_HASH: {
    field: 'ring_hash_lb_config',
    compile: (options, { random }, usesHostname) =>
      new RingHash(random, {
        minimumSize: options?.number('minimum_ring_size') ?? DEFAULT_RING_SIZE,
        maximumSize: options?.number('maximum_ring_size') ?? LARGEST_RING,
        usesHostname,
        hash: options?.text('hash_function') === 'MURMUR_HASH_2' ? murmurHash2 : xxHash64,
      }),
  },
  MAGLEV: {
    field: 'maglev_lb_config',
    compile: (options, { random }, usesHostname) =>
      new Maglev(random, { tableSize: options?.number('table_size') ?? DEFAULT_TABLE_SIZE, usesHostname }),
  },
};

/** The picker of a cluster: `load_balancing_policy` where it is set, or else `lb_policy`. */
export function compilePicker(cluster: ConfigNode, owner: PolicyOwner): HostPicker {
  const named = policyIn(cluster.child('load_balancing_policy'));
  const fallback = named && fallbackOf(named);
  const extension = fallback ? policyIn(fallback) : named;
  const usesHostname =
    cluster.child('common_lb_config')?.child('consistent_hashing_lb_config')?.flag('use_hostname_for_hashing') === true;
  const policy = POLICIES[extension ? nameOf(extension) : (cluster.text('lb_policy') ?? 'ROUND_ROBIN')];
  return policy ? policy.compile(extension ?? cluster.child(policy.field), owner, usesHostname) : new RoundRobin();
}

const policyIn = (policies: ConfigNode | undefined): ConfigNode | undefined =>
  policies
    ?.list('policies')
    .map((policy) => policy.child('typed_extension_config')?.child('typed_config'))
    .find((config) => config !== undefined);

function nameOf(extension: ConfigNode): string {
  const message = extension.text('@type')?.split('.').at(-1) ?? '';
  return message.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}
