/** The two parts of `HOST:PORT`. */
export const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));
export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

/** Whether a client is on the machine that it connects to: network/utility.cc, isSameIpOrLoopback. */
export function isSameIpOrLoopback(connection: {
  readonly localAddress: string;
  readonly remoteAddress: string;
}): boolean {
  const source = hostOf(connection.remoteAddress);
  return source.startsWith('127.') || source === '::1' || source === hostOf(connection.localAddress);
}
