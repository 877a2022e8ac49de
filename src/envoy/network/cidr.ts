import type { ConfigNode } from '../config_node.ts';

/** Whether a `core.v3.CidrRange` holds an address. */
export function isInCidr(address: string, range: ConfigNode): boolean {
  const [bits, prefix] = [bitsOfAddress(address), bitsOfAddress(range.text('address_prefix') ?? '')];
  const length = range.number('prefix_len') ?? 0;
  return (
    bits !== undefined &&
    prefix !== undefined &&
    bits.length === prefix.length &&
    bits.slice(0, length) === prefix.slice(0, length)
  );
}

/** Whether a text is an IPv4 or IPv6 address. */
export const isIpAddress = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
    ? text.split('.').every((part) => Number(part) <= 255)
    : bitsOfAddress(text) !== undefined;

/** An address as a text of 32 or 128 zeros and ones. */
export function bitsOfAddress(address: string): string | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address))
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  if (!address.includes(':')) return undefined;
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const all = [...front, ...Array<string>(Math.max(0, zeros)).fill('0'), ...back];
  return all.length === 8 ? all.map((group) => parseInt(group, 16).toString(2).padStart(16, '0')).join('') : undefined;
}

/** The network of an address, as `10.0.0.0/8`. */
export function maskAddress(address: string, length: number): string {
  const bits = (bitsOfAddress(address) ?? '').slice(0, length).padEnd(address.includes(':') ? 128 : 32, '0');
  if (!address.includes(':')) {
    const parts = bits.match(/.{8}/g) ?? [];
    return `${parts.map((one) => parseInt(one, 2)).join('.')}/${length}`;
  }
  const groups = (bits.match(/.{16}/g) ?? []).map((one) => parseInt(one, 2).toString(16));
  return `${groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')}/${length}`;
}
