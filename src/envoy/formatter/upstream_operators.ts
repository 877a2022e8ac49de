import type { FormatterContext, Operator } from './formatter_context.ts';
import type { Host } from '../upstream/host.ts';
import { metadata, metadataPath } from './metadata_value.ts';

const withoutPort = (address: string): string => address.replace(/:\d+$/, '');

/** The endpoint by its own name, where it has one. */
const nameOf = ({ facts: { host } }: FormatterContext): string | undefined => host && nameOrAddress(host);

type Pick = (whole: string) => string;
const whole: Pick = (text) => text;

/** Each host once, however often it was tried. */
const attempted =
  (nameOfHost: (host: Host) => string, pick: Pick): Operator =>
  ({ facts }) =>
    facts.hostsAttempted.length === 0
      ? undefined
      : [...new Set(facts.hostsAttempted)].map((host) => pick(nameOfHost(host))).join(',');

const addressOf = ({ address }: Host): string => address;
const nameOrAddress = ({ hostname, address }: Host): string => (hostname === '' ? address : hostname);

/** Operators of the endpoint that was chosen, and of those that were tried before it. */
export const UPSTREAM_OPERATORS: Readonly<Record<string, Operator>> = {
  UPSTREAM_HOST: ({ log }) => log['upstream_host'],
  UPSTREAM_HOST_NAME: nameOf,
  UPSTREAM_HOST_NAME_WITHOUT_PORT: (context) => nameOf(context)?.replace(/:\d+$/, ''),
  UPSTREAM_HOSTS_ATTEMPTED: attempted(addressOf, whole),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: attempted(addressOf, withoutPort),
  UPSTREAM_HOST_NAMES_ATTEMPTED: attempted(nameOrAddress, whole),
  UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT: attempted(nameOrAddress, withoutPort),
  UPSTREAM_DETECTED_CLOSE_TYPE: ({ facts }) => facts.host && 'Normal',
  UPSTREAM_SERVER_NAME: ({ facts }) => facts.upstreamTls?.sni,
  UPSTREAM_PROTOCOL: ({ facts }) => facts.upstreamProtocol,
  UPSTREAM_METADATA: ({ facts }, argument) => metadata(facts.hostMetadata, metadataPath(argument)),
};
