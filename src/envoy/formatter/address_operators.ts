import { addressOf, hostOf, portOf } from '../network/address.ts';
import { isIpAddress, maskAddress } from '../network/cidr.ts';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';

type Address = (context: FormatterContext) => string | undefined;

const MOST_BITS = { v4: 32, v6: 128 } as const;

/** A length makes a network of the address, at most the address itself; what is no number counts for nothing. */
function withoutPort(address: string, length: string): Value {
  const host = hostOf(address);
  if (!/^-?\d+$/.test(length) || !isIpAddress(host)) return host;
  const most = host.includes(':') ? MOST_BITS.v6 : MOST_BITS.v4;
  return length.startsWith('-') ? '' : maskAddress(host, Math.min(Number(length), most));
}

const present =
  (address: Address, pick: (address: string, argument: string) => Value): Operator =>
  (context, argument) => {
    const whole = address(context);
    return whole === undefined ? undefined : pick(whole, argument);
  };

/** One end of a connection in its forms; the id is that of an internal listener's endpoint. */
const forms = (name: string, address: Address): Readonly<Record<string, Operator>> => ({
  [`${name}_ADDRESS`]: present(address, (whole) => whole),
  [`${name}_ADDRESS_WITHOUT_PORT`]: present(address, withoutPort),
  [`${name}_PORT`]: present(address, portOf),
  [`${name}_ADDRESS_ENDPOINT_ID`]: present(address, () => ''),
});

const chosen: Address = ({ log }) => {
  const host = log['upstream_host'];
  return host === undefined ? undefined : String(host);
};

/** Operators of addresses: formatter/stream_info_formatter.cc, StreamInfoAddressFormatterProvider. */
export const ADDRESS_OPERATORS: Readonly<Record<string, Operator>> = {
  ...forms('DOWNSTREAM_REMOTE', ({ remoteAddress }) => remoteAddress),
  ...forms('DOWNSTREAM_LOCAL', ({ localAddress }) => localAddress),
  ...forms('DOWNSTREAM_DIRECT_REMOTE', ({ directRemoteAddress }) => directRemoteAddress),
  ...forms('DOWNSTREAM_DIRECT_LOCAL', ({ localAddress }) => localAddress),
  ...forms('UPSTREAM_REMOTE', chosen),
  // The system takes this end of a connection to any address of the loopback network; its port is not known.
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: present(({ facts }) => {
    if (facts.upstreamRequestMs === undefined && facts.upstreamBytes === undefined) return undefined;
    return addressOf(facts.host?.source ?? '127.0.0.1', 0);
  }, withoutPort),
};
