import type { ConfigNode } from '../config_node.ts';
import { hostOf, portOf } from '../network/address.ts';
import { isInCidr } from '../network/cidr.ts';
import type { Connection } from '../seams.ts';
import type { ConnectionManagerSettings } from './settings.ts';
import type { HeaderMap } from './header_map.ts';

/** Envoy's own address towards its upstreams, which the world writes in place of the machine's. */
export const OWN_ADDRESS = '<own-address>';

/** Who the client is, and whether it is one of ours: conn_manager_utility.cc, mutateRequestHeaders. */
export interface ClientAddress {
  readonly address: string;
  readonly isInternal: boolean;
  /** An external client at the edge: what it says of itself is not believed. */
  readonly isEdge: boolean;
}

/** Finds the client's address and writes the x-forwarded-* headers as the connection manager is told to. */
export function identifyClient(
  headers: HeaderMap,
  connection: Connection,
  settings: ConnectionManagerSettings,
): ClientAddress {
  const direct = hostOf(connection.remoteAddress);
  const useRemoteAddress = settings.useRemoteAddress;
  const found = useRemoteAddress ? remoteClient(headers, direct, settings) : forwardedClient(headers, direct, settings);
  const isXffFromExtension = !useRemoteAddress && settings.xffExtension?.raw('skip_xff_append') === false;
  if ((useRemoteAddress && !settings.skipXffAppend) || isXffFromExtension) appendForwardedFor(headers, direct);
  const hops = settings.xffTrustedHops;
  const scheme = schemeOf(connection, settings);
  if ((useRemoteAddress && hops === 0) || headers.get('x-forwarded-proto') === undefined)
    headers.set('x-forwarded-proto', scheme);
  const isInternal = found.isTrusted && settings.internalRanges.some((range) => isInCidr(found.address, range));
  return { address: found.address, isInternal, isEdge: !isInternal && useRemoteAddress };
}

/** By TLS, or by the port that a client behind PROXY protocol meant to reach: `forward_proto_config`. */
function schemeOf({ restoredAddress, tls }: Connection, { forwardProtoPorts }: ConnectionManagerSettings): string {
  const told = restoredAddress === undefined ? undefined : forwardProtoPorts.get(portOf(restoredAddress));
  return told ?? (tls ? 'https' : 'http');
}

interface Found {
  readonly address: string;
  /** Only a client that is alone in x-forwarded-for (or connected itself) can be internal. */
  readonly isTrusted: boolean;
}

function remoteClient(headers: HeaderMap, direct: string, settings: ConnectionManagerSettings): Found {
  const hops = settings.xffTrustedHops;
  const entries = entriesOf(headers);
  const trusted = hops > 0 ? entries.at(-hops) : undefined;
  const address = trusted !== undefined && isAddress(trusted) ? trusted : direct;
  return { address, isTrusted: headers.get('x-forwarded-for') === undefined };
}

function forwardedClient(headers: HeaderMap, direct: string, settings: ConnectionManagerSettings): Found {
  const entries = entriesOf(headers);
  const extension = settings.xffExtension;
  const cidrs = extension?.child('xff_trusted_cidrs')?.list('cidrs') ?? [];
  if (cidrs.length > 0) return { address: beyondTrusted(entries, direct, cidrs), isTrusted: false };
  const hops = extension?.number('xff_num_trusted_hops') ?? settings.xffTrustedHops;
  const entry = entries.at(-1 - hops);
  if (entry === undefined || !isAddress(entry)) return { address: direct, isTrusted: false };
  return { address: entry, isTrusted: entries.length === 1 };
}

/** Walks x-forwarded-for from the right, past the proxies that are trusted. */
function beyondTrusted(entries: readonly string[], direct: string, cidrs: readonly ConfigNode[]): string {
  const isTrusted = (address: string): boolean => cidrs.some((cidr) => isInCidr(address, cidr));
  if (!isTrusted(direct)) return direct;
  const addresses = entries.filter(isAddress);
  return addresses.toReversed().find((address) => !isTrusted(address)) ?? addresses[0] ?? direct;
}

function entriesOf(headers: HeaderMap): string[] {
  if (!headers.has('x-forwarded-for')) return [];
  const text = headers.all('x-forwarded-for').join(',');
  return text === '' ? [] : text.split(',').map((one) => one.trim());
}

const isAddress = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) || (/^[0-9a-f:.]+$/i.test(text) && text.includes(':'));

/** A loopback client is written as Envoy's own address, for it means nothing to others. */
function appendForwardedFor(headers: HeaderMap, direct: string): void {
  const own = direct === '127.0.0.1' || direct === '::1' ? OWN_ADDRESS : direct;
  headers.set('x-forwarded-for', [...headers.all('x-forwarded-for'), own].join(','));
}
