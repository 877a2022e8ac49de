/** The host of `HOST:PORT`; an IPv6 address stands in brackets there, and without them here. */
export const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

/** `HOST:PORT`, with brackets around the host where it has colons. */
export const addressOf = (host: string, port: number | string): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/**
 * Whether a client is on the machine that it connects to. Of all the loopback addresses only the usual one counts:
 * network/utility.cc, isSameIpOrLoopback.
 */
export function isSameIpOrLoopback(connection: {
  readonly localAddress: string;
  readonly remoteAddress: string;
}): boolean {
  const source = hostOf(connection.remoteAddress);
  return source === '127.0.0.1' || source === '::1' || source === hostOf(connection.localAddress);
}
