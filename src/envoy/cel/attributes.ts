import type { JsonObject } from '#api';
import { statusOfHttp } from '../formatter/grpc_status.ts';
import type { HeaderMap } from '../http/header_map.ts';

/** What attributes are read from; what does not exist yet is left out. */
export interface CelFacts {
  readonly request: HeaderMap;
  readonly response?: HeaderMap | undefined;
  readonly trailers?: HeaderMap | undefined;
  readonly log: Readonly<Record<string, string | number>>;
  readonly dynamicMetadata: JsonObject;
  readonly filterState: ReadonlyMap<string, string>;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly requestedServerName?: string | undefined;
  readonly hasClientCertificate?: boolean | undefined;
  readonly virtualHost?: string | undefined;
}

export const ROOTS = [
  'request',
  'response',
  'source',
  'destination',
  'connection',
  'upstream',
  'metadata',
  'filter_state',
  'xds',
] as const;

type Attributes = Record<string, unknown>;

const headerMap = (headers: HeaderMap | undefined): Attributes =>
  Object.fromEntries((headers?.names() ?? []).map((name) => [name, headers!.all(name).join(',')]));
const portOf = (address: string): bigint => BigInt(address.slice(address.lastIndexOf(':') + 1) || 0);
/** Only what has a value: asking for anything else is an error, as in Envoy. */
const present = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));

/** Response flags as bits, from the lowest: stream_info.h, CoreResponseFlag. */
const FLAGS = `LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF`.split(
  ' ',
);

const flagBits = (flags: string): bigint =>
  flags.split(',').reduce((bits, flag) => bits | (FLAGS.includes(flag) ? 1n << BigInt(FLAGS.indexOf(flag)) : 0n), 0n);

/** As the answer says, or made from its HTTP status. */
function grpcStatusOf({ response, trailers, log }: CelFacts): bigint | undefined {
  const told = trailers?.get('grpc-status') ?? response?.get('grpc-status');
  if (told !== undefined) return /^\d+$/.test(told) ? BigInt(told) : undefined;
  return log['code'] === undefined ? undefined : BigInt(statusOfHttp(Number(log['code'])));
}

/** Envoy's attributes by their roots: filters/common/expr/context.cc. */
export function attributesOf(facts: CelFacts): Record<(typeof ROOTS)[number], Attributes> {
  const { log } = facts;
  const upstream = log['upstream_host'];
  return {
    request: requestOf(facts),
    response: present({
      code: log['code'] === undefined ? undefined : BigInt(log['code']),
      code_details: log['details'],
      headers: facts.response && headerMap(facts.response),
      trailers: facts.trailers && headerMap(facts.trailers),
      size: BigInt(log['bytes_sent'] ?? 0),
      flags: flagBits(String(log['flags'] ?? '-')),
      grpc_status: grpcStatusOf(facts),
    }),
    source: { address: facts.remoteAddress, port: portOf(facts.remoteAddress) },
    destination: { address: facts.localAddress, port: portOf(facts.localAddress) },
    connection: present({
      mtls: facts.hasClientCertificate === true,
      requested_server_name: facts.requestedServerName,
    }),
    upstream: present({
      address: upstream,
      port: typeof upstream === 'string' ? portOf(upstream) : undefined,
      transport_failure_reason: log['transport_failure'],
      request_attempt_count: log['attempts'] === undefined ? undefined : BigInt(log['attempts']),
    }),
    metadata: { filter_metadata: facts.dynamicMetadata },
    filter_state: Object.fromEntries(facts.filterState),
    xds: present({
      route_name: log['route'],
      cluster_name: log['cluster'],
      virtual_host_name: facts.virtualHost,
      // The direction of a listener is not told.
      listener_direction: 0n,
    }),
  };
}

function requestOf({ request, log }: CelFacts): Attributes {
  const path = request.get(':path') ?? '';
  const mark = path.indexOf('?');
  return present({
    path,
    url_path: mark < 0 ? path : path.slice(0, mark),
    query: mark < 0 ? '' : path.slice(mark + 1),
    host: request.get(':authority'),
    scheme: request.get(':scheme'),
    method: request.get(':method'),
    referer: request.get('referer'),
    useragent: request.get('user-agent'),
    id: request.get('x-request-id'),
    protocol: log['protocol'],
    headers: headerMap(request),
    size: BigInt(log['bytes_received'] ?? 0),
  });
}
