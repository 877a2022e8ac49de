import type { Json, JsonObject } from '#api';
import { grpcStatus } from './grpc_status.ts';
import type { HeaderMap } from '../http/header_map.ts';

/** What command operators are answered from. Absent where it does not exist yet, or never will. */
export interface FormatterContext {
  readonly request: HeaderMap;
  readonly response?: HeaderMap;
  readonly log: Readonly<Record<string, string | number>>;
  readonly trailers?: HeaderMap;
  readonly clusterName: string | undefined;
  /** Where the connection really came from, whatever x-forwarded-for says. */
  readonly directRemoteAddress: string;
  readonly accessLogType?: string;
  readonly localReplyBody?: string;
  readonly dynamicMetadata: JsonObject;
  readonly filterState: ReadonlyMap<string, string>;
  readonly isHealthCheck?: boolean;
  readonly routeMetadata: Json | undefined;
  readonly clusterMetadata: Json | undefined;
  readonly localAddress: string;
  readonly remoteAddress: string;
}

/** A number stays a number in a JSON log line. */
export type Value = string | number | undefined;
type Operator = (context: FormatterContext, argument: string) => Value;

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);
const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));
const logged =
  (field: string): Operator =>
  ({ log }) =>
    log[field];

/** `NAME?ALTERNATIVE`: the second header only if the first is missing; an empty first wins. */
function header(headers: HeaderMap | undefined, argument: string): string | undefined {
  const [name = '', alternative] = argument.toLowerCase().split('?');
  return headers?.get(name) ?? (alternative === undefined ? undefined : headers?.get(alternative));
}

/** A value inside filter metadata as `NAMESPACE:KEY:KEY`: text as it is, the rest as JSON. */
function metadata(root: Json | undefined, path: readonly string[]): string | undefined {
  let value: Json | undefined = root;
  for (const key of path)
    value = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined;
  return value === undefined || value === null ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
}

const upstreamAddress =
  (pick: (address: string) => string): Operator =>
  ({ log }) =>
    log['upstream_host'] === undefined ? undefined : pick(String(log['upstream_host']));

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
  const [key = '', form] = argument.split(':');
  const value = state.get(key);
  return value === undefined || form === 'PLAIN' ? value : JSON.stringify(value);
}

/** `PATH(NQ:ORIG)`: without the query, before the rewrite; each part may be left out. */
function pathOf(request: HeaderMap, argument: string): string | undefined {
  const [query, which] = argument.split(':');
  const original = which === 'PATH' ? undefined : request.get('x-envoy-original-path');
  const path = which === 'ORIG' ? original : (original ?? request.get(':path'));
  return query === 'NQ' ? path?.split('?')[0] : path;
}

/** `docs/configuration/observability/access_log/usage`. What is not here is refused or said to be not simulated. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  REQ: ({ request }, argument) => header(request, argument),
  RESP: ({ response }, argument) => header(response, argument),
  PROTOCOL: logged('protocol'),
  ROUTE_NAME: logged('route'),
  RESPONSE_CODE: ({ log }) => log['code'] ?? 0,
  RESPONSE_FLAGS: ({ log }) => String(log['flags'] ?? '-'),
  RESPONSE_CODE_DETAILS: logged('details'),
  UPSTREAM_CLUSTER: logged('cluster'),
  UPSTREAM_CLUSTER_RAW: ({ clusterName }) => clusterName,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ log }) => log['attempts'] ?? 0,
  UPSTREAM_HOST: logged('upstream_host'),
  UPSTREAM_REMOTE_ADDRESS: logged('upstream_host'),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: upstreamAddress(hostOf),
  UPSTREAM_REMOTE_PORT: upstreamAddress(portOf),
  DOWNSTREAM_REMOTE_ADDRESS: ({ remoteAddress }) => remoteAddress,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: ({ remoteAddress }) => hostOf(remoteAddress),
  DOWNSTREAM_REMOTE_PORT: ({ remoteAddress }) => portOf(remoteAddress),
  DOWNSTREAM_LOCAL_ADDRESS: ({ localAddress }) => localAddress,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ localAddress }) => hostOf(localAddress),
  DOWNSTREAM_LOCAL_PORT: ({ localAddress }) => portOf(localAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: ({ directRemoteAddress }) => directRemoteAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: ({ directRemoteAddress }) => hostOf(directRemoteAddress),
  TRAILER: ({ trailers }, argument) => header(trailers, argument),
  BYTES_RECEIVED: ({ log }) => log['bytes_received'] ?? 0,
  BYTES_SENT: ({ log }) => log['bytes_sent'] ?? 0,
  START_TIME: () => '<time>',
  DURATION: () => 0,
  RESPONSE_FLAGS_LONG: ({ log }) =>
    String(log['flags'] ?? '-')
      .split(',')
      .map((flag) => LONG_FLAGS[flag] ?? flag)
      .join(','),
  FILTER_CHAIN_NAME: logged('filter_chain'),
  REQUESTED_SERVER_NAME: logged('sni'),
  CONNECTION_TERMINATION_DETAILS: logged('termination'),
  VIRTUAL_CLUSTER_NAME: logged('virtual_cluster'),
  UPSTREAM_TRANSPORT_FAILURE_REASON: logged('transport_failure'),
  ACCESS_LOG_TYPE: ({ accessLogType }) => accessLogType,
  LOCAL_REPLY_BODY: ({ localReplyBody }) => localReplyBody,
  PATH: ({ request }, argument) => pathOf(request, argument),
  GRPC_STATUS: (context, argument) => grpcStatus(context, argument),
  GRPC_STATUS_NUMBER: (context) => grpcStatus(context, 'NUMBER'),
  DYNAMIC_METADATA: ({ dynamicMetadata }, argument) => metadata(dynamicMetadata, argument.split(':')),
  FILTER_STATE: ({ filterState }, argument) => stateOf(filterState, argument),
  PER_REQUEST_STATE: ({ filterState }, argument) => filterState.get(argument),
  ENVIRONMENT: () => '-',
  METADATA: ({ routeMetadata, clusterMetadata }, argument) => {
    const [kind, ...path] = argument.split(':');
    return metadata(kind === 'ROUTE' ? routeMetadata : kind === 'CLUSTER' ? clusterMetadata : undefined, path);
  },
  CLUSTER_METADATA: ({ clusterMetadata }, argument) => metadata(clusterMetadata, argument.split(':')),
};

const OPERATOR = /%%|%([A-Z_0-9]+)(?:\(([^)]*)\))?(?::(\d+))?%/g;

/** A text with `%NAME(ARGUMENT):LENGTH%` in it, filled in; `missing` stands for what has no value. */
export function expand(template: string, context: FormatterContext, missing = ''): string {
  return template.replace(OPERATOR, (_, name?: string, argument?: string, length?: string) =>
    name === undefined ? '%' : String(valueOf(context, name, argument, length) ?? missing),
  );
}

const ONE_OPERATOR = /^%([A-Z_0-9]+)(?:\(([^)]*)\))?(?::(\d+))?%$/;

/** The value of a text that is one operator and nothing else keeps its type; undefined is a text with more in it. */
export function soleValue(template: string, context: FormatterContext): { value: Value } | undefined {
  const [, name, argument, length] = ONE_OPERATOR.exec(template) ?? [];
  return name === undefined ? undefined : { value: valueOf(context, name, argument, length) };
}

function valueOf(context: FormatterContext, name: string, argument = '', length?: string): Value {
  const value = OPERATORS[name]?.(context, argument);
  return typeof value === 'string' && length !== undefined ? value.slice(0, Number(length)) : value;
}
