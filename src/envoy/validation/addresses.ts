import type { ConfigNode } from '../config_node.ts';
import type { ConfigPath, Diagnostic } from '#source';
import { isIpAddress } from '../network/cidr.ts';
import { NONE, problem, type Check } from './check.ts';

/** A socket address that Envoy binds or connects to without asking a resolver. */
export function checkIpAddress(node: ConfigNode, path: ConfigPath, help: string): Diagnostic[] {
  let socket: ConfigNode | undefined = node;
  for (const step of path) socket = socket?.child(String(step));
  const address = socket?.text('address');
  // A resolver of one's own may read anything.
  if (address === undefined || isIpAddress(address) || address.includes('://') || socket?.has('resolver_name'))
    return NONE;
  return problem('address', node, path, `"${address}" is a name, and an IP address is wanted here.`, {
    help,
    envoySays: `malformed IP address: ${address}`,
  });
}

/** `core.v3.CidrRange`. */
export const checkCidrRange: Check = (node) => {
  const prefix = node.text('address_prefix') ?? '';
  if (prefix === '' || isIpAddress(prefix)) return NONE;
  return problem('address', node, ['address_prefix'], `"${prefix}" is no IP address.`, {
    help: 'Write an address such as 10.0.0.0 here, and the number of bits in `prefix_len`.',
    envoySays: `malformed IP address: ${prefix}`,
  });
};
