import type { Json } from '#api';
import { FilterState } from '../stream_info/filter_state.ts';
import { ADDRESS_OPERATORS } from './address_operators.ts';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';
import { header, responseHeader } from './header_value.ts';
import { REQUEST_OPERATORS } from './request_operators.ts';
import { TIME_OPERATORS } from './time_operators.ts';
import { TLS_OPERATORS } from './tls_operators.ts';
import { UPSTREAM_OPERATORS } from './upstream_operators.ts';
import { WIRE_OPERATORS } from './wire_operators.ts';
import { metadata, metadataPath } from './metadata_value.ts';
import { grpcStatus } from './grpc_status.ts';
import type { HeaderMap } from '../http/header_map.ts';

const logged =
  (field: string): Operator =>
  ({ log }) =>
    log[field];

/** Envoy's long names of response flags: stream_info/utility.h. */
const LONG_FLAGS: Readonly<Record<string, string>> = {
  LH: 'FailedLocalHealthCheck',
  UH: 'NoHealthyUpstream',
  UT: 'UpstreamRequestTimeout',
  LR: 'LocalReset',
  UR: 'UpstreamRemoteReset',
  UF: 'UpstreamConnectionFailure',
  UC: 'UpstreamConnectionTermination',
  UO: 'UpstreamOverflow',
  NR: 'NoRouteFound',
  DI: 'DelayInjected',
  FI: 'FaultInjected',
  RL: 'RateLimited',
  UAEX: 'UnauthorizedExternalService',
  RLSE: 'RateLimitServiceError',
  DC: 'DownstreamConnectionTermination',
  URX: 'UpstreamRetryLimitExceeded',
  SI: 'StreamIdleTimeout',
  IH: 'InvalidEnvoyRequestHeaders',
  DPE: 'DownstreamProtocolError',
  UMSDR: 'UpstreamMaxStreamDurationReached',
  RFCF: 'ResponseFromCacheFilter',
  NFCF: 'NoFilterConfigFound',
  DT: 'DurationTimeout',
  UPE: 'UpstreamProtocolError',
  NC: 'NoClusterFound',
  OM: 'OverloadManagerTerminated',
  DF: 'DnsResolutionFailed',
  DO: 'DropOverload',
  DR: 'DownstreamRemoteReset',
  UDO: 'UnconditionalDropOverload',
};

/** `KEY:PLAIN` is the text itself; without PLAIN it is written as JSON. */
function stateOf(state: ReadonlyMap<string, string>, argument: string): string | undefined {
  const [key = '', form, field = ''] = argument.split(':');
  const value = state.get(key);
  const object = state instanceof FilterState ? state.object(key) : undefined;
  if (form === 'FIELD') return object?.fields?.[field]?.toString();
  if (object && form !== 'PLAIN') return JSON.stringify(object.message);
  return value === undefined || form === 'PLAIN' ? value : JSON.stringify(value);
}

/** `REQUESTED_SERVER_NAME(SNI_FIRST:ORIG)`: the name of the handshake, or the host, as the client or the route wrote it. */
function serverName({ log, request }: FormatterContext, argument: string): Value {
  const [order = '', which = ''] = argument.split(':');
  const original = which === 'HOST' ? undefined : request.get('x-envoy-original-host');
  const host = which === 'ORIG' ? original : (original ?? request.get(':authority'));
  if (order === 'SNI_FIRST') return log['sni'] ?? host;
  return order === 'HOST_FIRST' ? (host ?? log['sni']) : log['sni'];
}

/** `PATH(NQ:ORIG)`: without the query, before the rewrite; each part may be left out. */
function pathOf(request: HeaderMap, argument: string): string | undefined {
  const [query, which] = argument.split(':');
  const original = which === 'PATH' ? undefined : request.get('x-envoy-original-path');
  const path = which === 'ORIG' ? original : (original ?? request.get(':path'));
  return query === 'NQ' ? path?.split('?')[0] : path;
}

/** By the kinds that `METADATA(KIND:…)` may name: formatter/metadata/metadata.cc. */
const METADATA_OF: Readonly<Record<string, (context: FormatterContext) => Json | undefined>> = {
  DYNAMIC: ({ dynamicMetadata }) => dynamicMetadata,
  CLUSTER: ({ clusterMetadata }) => clusterMetadata,
  ROUTE: ({ routeMetadata }) => routeMetadata,
  UPSTREAM_HOST: ({ facts }) => facts.hostMetadata,
  LISTENER: ({ facts }) => facts.listener.metadata,
  VIRTUAL_HOST: ({ virtualHost }) => virtualHost?.node.child('metadata')?.raw('filter_metadata'),
};

/** `docs/configuration/observability/access_log/usage`. What is not here is refused or said to be not simulated. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  REQ: ({ request }, argument) => header(request, argument),
  RESP: responseHeader,
  PROTOCOL: logged('protocol'),
  ROUTE_NAME: logged('route'),
  RESPONSE_CODE: ({ log }) => log['code'] ?? 0,
  RESPONSE_FLAGS: ({ log }) => String(log['flags'] ?? '-'),
  RESPONSE_CODE_DETAILS: logged('details'),
  UPSTREAM_CLUSTER: logged('cluster'),
  UPSTREAM_CLUSTER_RAW: ({ clusterName }) => clusterName,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ log }) => log['attempts'] ?? 0,
  TRAILER: ({ trailers }, argument) => header(trailers, argument),
  BYTES_RECEIVED: ({ log }) => log['bytes_received'] ?? 0,
  BYTES_SENT: ({ log }) => log['bytes_sent'] ?? 0,
  RESPONSE_FLAGS_LONG: ({ log }) =>
    String(log['flags'] ?? '-')
      .split(',')
      .map((flag) => LONG_FLAGS[flag] ?? flag)
      .join(','),
  FILTER_CHAIN_NAME: logged('filter_chain'),
  REQUESTED_SERVER_NAME: serverName,
  CONNECTION_TERMINATION_DETAILS: logged('termination'),
  VIRTUAL_CLUSTER_NAME: logged('virtual_cluster'),
  UPSTREAM_TRANSPORT_FAILURE_REASON: logged('transport_failure'),
  ACCESS_LOG_TYPE: ({ accessLogType }) => accessLogType ?? 'NotSet',
  LOCAL_REPLY_BODY: ({ localReplyBody }) => localReplyBody ?? '',
  PATH: ({ request }, argument) => pathOf(request, argument),
  GRPC_STATUS: (context, argument) => grpcStatus(context, argument),
  GRPC_STATUS_NUMBER: (context) => grpcStatus(context, 'NUMBER'),
  DYNAMIC_METADATA: ({ dynamicMetadata }, argument) => metadata(dynamicMetadata, metadataPath(argument)),
  FILTER_STATE: ({ filterState }, argument) => stateOf(filterState, argument),
  PER_REQUEST_STATE: ({ filterState }, argument) => filterState.get(argument),
  // Nobody shares what an upstream connection knows.
  UPSTREAM_FILTER_STATE: () => undefined,
  ENVIRONMENT: () => '-',
  METADATA: (context, argument) => {
    const [kind = '', ...path] = argument.split(':');
    return metadata(METADATA_OF[kind]?.(context), path);
  },
  CLUSTER_METADATA: ({ clusterMetadata }, argument) => metadata(clusterMetadata, metadataPath(argument)),
};

/** What answers an operator; undefined for one that is not answered here. */
export const operatorOf = (name: string): Operator | undefined => ANSWERS.get(name);

const ANSWERS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...OPERATORS,
    ...ADDRESS_OPERATORS,
    ...TIME_OPERATORS,
    ...REQUEST_OPERATORS,
    ...UPSTREAM_OPERATORS,
    ...TLS_OPERATORS,
    ...WIRE_OPERATORS,
  }),
);
