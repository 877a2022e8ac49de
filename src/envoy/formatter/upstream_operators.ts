import type { FormatterContext, Operator } from './formatter_context.ts';
import { metadata, metadataPath } from './metadata_value.ts';

const withoutPort = (address: string): string => address.slice(0, address.lastIndexOf(':'));
const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);

const address =
  (pick: (address: string) => string = (whole) => whole): Operator =>
  ({ log }) =>
    log['upstream_host'] === undefined ? undefined : pick(String(log['upstream_host']));

/** The endpoint by its own name, where it has one. */
const nameOf = ({ facts }: FormatterContext): string | undefined => {
  const { host } = facts;
  return host && (host.hostname === '' ? host.address : host.hostname);
};

const attempted =
  (pick: (address: string) => string = (whole) => whole): Operator =>
  ({ facts }) =>
    facts.hostsAttempted.length === 0 ? undefined : facts.hostsAttempted.map((host) => pick(host.address)).join(',');

const namesAttempted =
  (pick: (address: string) => string = (whole) => whole): Operator =>
  ({ facts }) =>
    facts.hostsAttempted.length === 0
      ? undefined
      : facts.hostsAttempted.map((host) => (host.hostname === '' ? pick(host.address) : host.hostname)).join(',');

/** Operators of the endpoint that was chosen, and of those that were tried before it. */
export const UPSTREAM_OPERATORS: Readonly<Record<string, Operator>> = {
  UPSTREAM_HOST: address(),
  UPSTREAM_REMOTE_ADDRESS: address(),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: address(withoutPort),
  // The system takes this end of a connection to any address of the loopback network.
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ facts }) => (facts.upstreamRequestMs === undefined ? undefined : '127.0.0.1'),
  UPSTREAM_REMOTE_PORT: address(portOf),
  UPSTREAM_HOST_NAME: nameOf,
  UPSTREAM_HOST_NAME_WITHOUT_PORT: (context) => nameOf(context)?.replace(/:\d+$/, ''),
  UPSTREAM_HOSTS_ATTEMPTED: attempted(),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: attempted(withoutPort),
  UPSTREAM_HOST_NAMES_ATTEMPTED: namesAttempted(),
  UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT: namesAttempted(withoutPort),
  UPSTREAM_PROTOCOL: ({ facts }) => facts.upstreamProtocol,
  UPSTREAM_METADATA: ({ facts }, argument) => metadata(facts.hostMetadata, metadataPath(argument)),
};
