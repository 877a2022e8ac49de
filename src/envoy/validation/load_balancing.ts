import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, typeOf, type Check } from './check.ts';

const DEFAULT_MIN_RING = 1024;
const DEFAULT_MAX_RING = 8_388_608;

/** The options of a ring, of a cluster's own field or of the policy. */
export function checkRing(ring: ConfigNode | undefined): Diagnostic[] {
  const [least, most] = [
    ring?.number('minimum_ring_size') ?? DEFAULT_MIN_RING,
    ring?.number('maximum_ring_size') ?? DEFAULT_MAX_RING,
  ];
  if (!ring || least <= most) return NONE;
  return problem('ring_size', ring, [], `The smallest ring (${least}) is larger than the largest one (${most}).`, {
    envoySays: `ring hash: minimum_ring_size (${least}) > maximum_ring_size (${most})`,
  });
}

export function checkMaglev(maglev: ConfigNode | undefined): Diagnostic[] {
  const size = maglev?.number('table_size');
  if (!maglev || size === undefined || isPrime(size)) return NONE;
  return problem(
    'table_size',
    maglev,
    ['table_size'],
    `The size of a Maglev table is a prime number, and ${size} is none.`,
    { envoySays: 'The table size of maglev must be prime number' },
  );
}

function isPrime(number: number): boolean {
  for (let i = 2; i * i <= number; i++) if (number % i === 0) return false;
  return number > 1;
}

/** `wrr_locality`: what picks the endpoints within a locality. */
export const checkWrrLocality: Check = (node) => {
  const inner = node
    .child('endpoint_picking_policy')
    ?.list('policies')
    .map((one) => typeOf(one.child('typed_extension_config')?.child('typed_config')));
  if (inner?.some((type) => type.endsWith('.ClientSideWeightedRoundRobin')) === true) return NONE;
  return problem(
    'lb_policy',
    node,
    ['endpoint_picking_policy'],
    'Within its localities `wrr_locality` takes `client_side_weighted_round_robin` and no other policy.',
    {
      help: 'For round robin by the weights of localities, use `round_robin` with `locality_lb_config`.',
      envoySays:
        'Currently WrrLocalityLoadBalancer only supports ClientSideWeightedRoundRobinLoadBalancer as its endpoint picking policy.',
    },
  );
};

/** A `load_balancing_policy` brings all its options along: the older fields beside it are refused. */
export function checkOldFields(node: ConfigNode): Diagnostic[] {
  if (node.has('lb_subset_config'))
    return problem('lb_policy', node, ['lb_subset_config'], 'Beside `load_balancing_policy` this field is refused.', {
      help: 'Use the policy `subset` in its place.',
      envoySays: 'cluster: load_balancing_policy cannot be combined with lb_subset_config',
    });
  const common = node.child('common_lb_config');
  const fields = ['zone_aware_lb_config', 'locality_weighted_lb_config', 'consistent_hashing_lb_config'];
  const field = fields.find((name) => common?.has(name) === true);
  if (!common || field === undefined) return NONE;
  return problem('lb_policy', common, [field], 'Beside `load_balancing_policy` this field is refused.', {
    help: 'The options of the policy itself have a field for it.',
    envoySays: `cluster: load_balancing_policy cannot be combined with partial fields (${fields.join(', ')}) of common_lb_config`,
  });
}

/** `subset_selectors` of a cluster. */
export const checkSubsets = (node: ConfigNode): Diagnostic[] =>
  (node.child('lb_subset_config')?.list('subset_selectors') ?? []).flatMap(checkSelector);

function checkSelector(selector: ConfigNode): Diagnostic[] {
  const [keys, rest] = [selector.texts('keys'), selector.texts('fallback_keys_subset')];
  const refuse = (message: string, envoySays: string): Diagnostic[] =>
    problem('subset_selector', selector, rest.length > 0 ? ['fallback_keys_subset'] : [], message, { envoySays });
  if (selector.text('fallback_policy') !== 'KEYS_SUBSET')
    return rest.length === 0
      ? NONE
      : refuse(
          '`fallback_keys_subset` belongs to `fallback_policy: KEYS_SUBSET`.',
          'fallback_keys_subset can be set only for KEYS_SUBSET fallback_policy',
        );
  if (rest.length === 0)
    return refuse(
      'To fall back to some of its keys a selector has to name them.',
      'fallback_keys_subset cannot be empty',
    );
  if (rest.some((key) => !keys.includes(key)))
    return refuse(
      'A selector can fall back to keys of its own only.',
      'fallback_keys_subset must be a subset of selector keys',
    );
  if (new Set(rest).size < new Set(keys).size) return NONE;
  return refuse('To fall back to all of its keys changes nothing.', 'fallback_keys_subset cannot be equal to keys');
}
