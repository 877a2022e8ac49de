import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { ClusterStats } from '../upstream/cluster_stats.ts';
import { BoundedLoad } from './bounded_load.ts';
import type { LbOptions } from './lb_options.ts';
import { LeastRequest } from './least_request.ts';
import type { HashPicker, HostPicker } from './load_balancer.ts';
import { Maglev } from './maglev.ts';
import { RandomChoice } from './random_choice.ts';
import { murmurHash2 } from './murmur_hash.ts';
import { xxHash64 } from './xx_hash64.ts';
import { RingHash } from './ring_hash.ts';
import { RoundRobin } from './round_robin.ts';
import { SlowStart } from './slow_start.ts';

const DEFAULT_RING_SIZE = 1024;
const LARGEST_RING = 8 * 1024 * 1024;
const DEFAULT_TABLE_SIZE = 65_537;

/** What a policy needs of its cluster. */
export interface PolicyOwner {
  readonly random: Random;
  readonly nowMs: () => number;
  readonly stats: ClusterStats['traffic'];
}

function slowStartOf(options: ConfigNode | undefined, { nowMs }: PolicyOwner): SlowStart | undefined {
  const node = options?.child('slow_start_config');
  return node && new SlowStart(node, nowMs);
}

/** The picker of a policy that goes by turns or by chance. A policy that is not known takes turns. */
export function compilePicker({ policy, config }: LbOptions, owner: PolicyOwner): HostPicker {
  if (policy === 'RANDOM') return new RandomChoice(owner.random);
  if (policy !== 'LEAST_REQUEST') return new RoundRobin(slowStartOf(config, owner));
  return new LeastRequest(owner.random, {
    slowStart: slowStartOf(config, owner),
    choices: config?.number('choice_count') ?? 2,
    scansAll: config?.text('selection_method') === 'FULL_SCAN' || config?.flag('enable_full_scan') === true,
    bias: config?.child('active_request_bias')?.number('default_value') ?? 1,
  });
}

/** The picker of a policy that goes by hashes; undefined for any other. */
export function compileHashPicker(options: LbOptions, { stats }: PolicyOwner): HashPicker | undefined {
  const { hashing } = options;
  const picker = hashPickerOf(options, hashing?.flag('use_hostname_for_hashing') === true);
  const factor = hashing?.number('hash_balance_factor') ?? 0;
  return picker && factor > 0 ? new BoundedLoad(picker, factor, stats.upstream_rq_active) : picker;
}

function hashPickerOf({ policy, config }: LbOptions, usesHostname: boolean): HashPicker | undefined {
  if (policy === 'MAGLEV')
    return new Maglev({ tableSize: config?.number('table_size') ?? DEFAULT_TABLE_SIZE, usesHostname });
  if (policy !== 'RING_HASH') return undefined;
  return new RingHash({
    minimumSize: config?.number('minimum_ring_size') ?? DEFAULT_RING_SIZE,
    maximumSize: config?.number('maximum_ring_size') ?? LARGEST_RING,
    usesHostname,
    hash: config?.text('hash_function') === 'MURMUR_HASH_2' ? murmurHash2 : xxHash64,
  });
}
