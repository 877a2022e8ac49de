import type { ConfigNode } from '../config_node.ts';
import { addressOf, hostOf } from '../network/address.ts';

/**
 * `upstream_bind_config`: the address that a connection to an upstream starts from, the one of its IP version or else the
 * first; undefined where the system chooses. default_local_address_selector.cc
 */
export function sourceFor(bind: ConfigNode | undefined, upstream: string): string | undefined {
  const first = bind?.child('source_address');
  if (!bind || !first) return undefined;
  const others = bind.list('extra_source_addresses').flatMap((one) => one.child('address') ?? []);
  const sources = [first, ...others, ...bind.list('additional_source_addresses')].map(
    (one) => one.text('address') ?? '',
  );
  const chosen = sources.find((one) => isV6(one) === isV6(hostOf(upstream))) ?? sources[0];
  return chosen === '0.0.0.0' ? undefined : chosen;
}

/** Why no connection to an upstream can start from an address, as UPSTREAM_TRANSPORT_FAILURE_REASON has it. */
export function bindFailure(source: string | undefined, upstream: string): string | undefined {
  const cannot = (why: string): string => `failed_to_bind_to_${addressOf(source!, 0)}:_${why}`;
  if (source === undefined) return undefined;
  if (isV6(source) !== isV6(hostOf(upstream))) return cannot('Address_family_not_supported_by_protocol');
  return isOwn(source) ? undefined : cannot('Cannot_assign_requested_address');
}

const isV6 = (address: string): boolean => address.includes(':');

/** The world is one machine with nothing but its loopback network. */
const isOwn = (address: string): boolean => /^(127\.|0\.0\.0\.0$|::1?$)/.test(address);
