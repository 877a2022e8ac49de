import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { SIMULATION_EPOCH_MS } from '#sim';
import { grpcStatusNumber, statusOfHttp } from '../formatter/grpc_status.ts';
import { responseHeadersBytes } from '../http/wire_bytes.ts';
import { CelTime } from '../linked_library.ts';
import type { EstablishedTls } from '../seams.ts';
import { flagBits } from '../stream_info/log_flags.ts';
import type { StreamFacts } from '../stream_info/stream_facts.ts';

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
  readonly facts?: StreamFacts;
  readonly tls?: EstablishedTls | undefined;
  readonly virtualHost?: { readonly name: string; readonly node: ConfigNode } | undefined;
  readonly routeMetadata?: Json | undefined;
  readonly clusterMetadata?: Json | undefined;
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

/** Envoy's attributes by their roots: filters/common/expr/context.cc. */
export function attributesOf(facts: CelFacts): Record<(typeof ROOTS)[number], Attributes> {
  const { log } = facts;
  const upstream = log['upstream_host'];
  return {
    request: requestOf(facts),
    response: responseOf(facts),
    source: { address: facts.remoteAddress, port: portOf(facts.remoteAddress) },
    destination: { address: facts.localAddress, port: portOf(facts.localAddress) },
    connection: present({
      mtls: facts.hasClientCertificate === true,
      requested_server_name: facts.requestedServerName ?? log['sni'] ?? '',
      tls_version: facts.tls?.version,
      termination_details: log['termination'],
    }),
    upstream: present({
      address: upstream,
      port: typeof upstream === 'string' ? portOf(upstream) : undefined,
      transport_failure_reason: log['transport_failure'] ?? '',
      request_attempt_count: BigInt(log['attempts'] ?? 0),
      tls_version: facts.facts?.upstreamTls?.version,
    }),
    metadata: { filter_metadata: facts.dynamicMetadata },
    filter_state: Object.fromEntries(facts.filterState),
    xds: xdsOf(facts),
  };
}

/** Of an answer to anybody: what its HTTP status stands for, where it says nothing. */
function grpcOf({ request, response, trailers, log }: CelFacts): bigint | undefined {
  if (log['code'] === undefined) return undefined;
  const told = grpcStatusNumber({ request, ...(response && { response }), ...(trailers && { trailers }), log });
  return BigInt(told ?? statusOfHttp(Number(log['code'])));
}

const headersBytes = ({ response, facts }: CelFacts): number =>
  responseHeadersBytes(response, facts?.received?.closes === true);

/** envoy.config.core.v3.TrafficDirection. */
const DIRECTIONS = ['UNSPECIFIED', 'INBOUND', 'OUTBOUND'];

const withFilters = (metadata: Json | undefined): Attributes => ({ filter_metadata: metadata ?? {} });

function xdsOf({ log, facts, virtualHost, routeMetadata, clusterMetadata }: CelFacts): Attributes {
  return present({
    route_name: log['route'],
    route_metadata: routeMetadata && withFilters(routeMetadata),
    cluster_name: log['cluster'],
    cluster_metadata: clusterMetadata && withFilters(clusterMetadata),
    virtual_host_name: virtualHost?.name,
    virtual_host_metadata: virtualHost && withFilters(virtualHost.node.child('metadata')?.raw('filter_metadata')),
    upstream_host_metadata: facts?.hostMetadata && withFilters(facts.hostMetadata),
    filter_chain_name: log['filter_chain'] ?? '',
    listener_metadata: facts && withFilters(facts.listener.metadata),
    listener_direction: BigInt(DIRECTIONS.indexOf(facts?.listener.direction ?? 'UNSPECIFIED')),
  });
}

function responseOf(facts: CelFacts): Attributes {
  const { log } = facts;
  return present({
    code: log['code'] === undefined ? undefined : BigInt(log['code']),
    code_details: log['details'],
    headers: facts.response && headerMap(facts.response),
    trailers: facts.trailers && headerMap(facts.trailers),
    flags: BigInt(flagBits(String(log['flags'] ?? '-'))),
    grpc_status: grpcOf(facts),
    size: BigInt(log['bytes_sent'] ?? 0),
    total_size: facts.response && BigInt(Number(log['bytes_sent'] ?? 0) + headersBytes(facts)),
  });
}

function requestOf({ request, log, facts }: CelFacts): Attributes {
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
    total_size: BigInt(Number(log['bytes_received'] ?? 0) + request.byteLength()),
    time: facts && new CelTime('timestamp', SIMULATION_EPOCH_MS + facts.startMs),
    duration: facts && new CelTime('duration', facts.nowMs - facts.startMs),
  });
}
