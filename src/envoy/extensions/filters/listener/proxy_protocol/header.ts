import { addressOf } from '../../../../network/address.ts';
/** What a PROXY header says, and how many bytes it took. Without addresses the real ones stay. */
export interface ProxyHeader {
  readonly version: 'v1' | 'v2';
  readonly length: number;
  readonly addresses?: { readonly remote: string; readonly local: string };
}

const V1_SIGNATURE = 'PROXY ';
const V2_SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
/** `PROXY TCP6`, two addresses and two ports at their longest. */
const MAX_V1_LENGTH = 107;

/** Reads the header in front of a connection: extensions/filters/listener/proxy_protocol/proxy_protocol.cc. */
export function readProxyHeader(text: string): ProxyHeader | 'none' | 'incomplete' | 'malformed' {
  if (startsAlike(text, V2_SIGNATURE)) return text.length < 16 ? 'incomplete' : readV2(text);
  if (!startsAlike(text, V1_SIGNATURE)) return 'none';
  const end = text.indexOf('\r\n');
  if (end < 0) return text.length >= MAX_V1_LENGTH ? 'malformed' : 'incomplete';
  return readV1(text.slice(0, end), end + 2);
}

/** Whether the text begins as the signature does, as far as it goes. */
const startsAlike = (text: string, signature: string): boolean =>
  text.slice(0, signature.length) === signature.slice(0, text.length);

function readV1(line: string, length: number): ProxyHeader | 'malformed' {
  const [, family, source = '', destination = '', sourcePort, destinationPort, ...rest] = line.split(' ');
  if (family === 'UNKNOWN') return { version: 'v1', length };
  const isAddress = family === 'TCP4' ? isIpv4 : family === 'TCP6' ? isIpv6 : () => false;
  const isWhole = isPort(sourcePort) && isPort(destinationPort) && rest.length === 0;
  if (!isWhole || !isAddress(source) || !isAddress(destination)) return 'malformed';
  return {
    version: 'v1',
    length,
    addresses: {
      remote: addressOf(source, Number(sourcePort)),
      local: addressOf(destination, Number(destinationPort)),
    },
  };
}

const isPort = (text: string | undefined): boolean =>
  text !== undefined && /^\d{1,5}$/.test(text) && Number(text) < 65_536;
const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) < 256);
const isIpv6 = (text: string): boolean => /^[0-9a-f:.]+$/i.test(text) && text.includes(':');

/** Each character is one byte. */
function readV2(text: string): ProxyHeader | 'incomplete' | 'malformed' {
  const at = (index: number): number => text.charCodeAt(index) & 0xff;
  const word = (index: number): number => at(index) * 256 + at(index + 1);
  const [versionAndCommand, familyAndTransport] = [at(12), at(13)];
  const length = 16 + word(14);
  if (versionAndCommand >> 4 !== 2) return 'malformed';
  if (text.length < length) return 'incomplete';
  if ((versionAndCommand & 0xf) === 0) return { version: 'v2', length };
  const [family, transport] = [familyAndTransport >> 4, familyAndTransport & 0xf];
  if ((versionAndCommand & 0xf) !== 1 || transport < 1 || transport > 2) return 'malformed';
  const size = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (size === 0 || length < 16 + 2 * size + 4) return 'malformed';
  const address = (from: number): string =>
    size === 4
      ? [0, 1, 2, 3].map((i) => at(from + i)).join('.')
      : [0, 2, 4, 6, 8, 10, 12, 14].map((i) => word(from + i).toString(16)).join(':');
  const ports = 16 + 2 * size;
  return {
    version: 'v2',
    length,
    addresses: {
      remote: addressOf(address(16), word(ports)),
      local: addressOf(address(16 + size), word(ports + 2)),
    },
  };
}
