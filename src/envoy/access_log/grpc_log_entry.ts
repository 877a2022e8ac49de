import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { operatorOf } from '../formatter/command_operators.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { HeaderMap } from '../http/header_map.ts';

/** The fields of `data.accesslog.v3.ResponseFlags`, by the flags of a text log. */
const FLAG_FIELDS: Readonly<Record<string, string>> = {
  LH: 'failedLocalHealthcheck',
  UH: 'noHealthyUpstream',
  UT: 'upstreamRequestTimeout',
  LR: 'localReset',
  UR: 'upstreamRemoteReset',
  UF: 'upstreamConnectionFailure',
  UC: 'upstreamConnectionTermination',
  UO: 'upstreamOverflow',
  NR: 'noRouteFound',
  DI: 'delayInjected',
  FI: 'faultInjected',
  RL: 'rateLimited',
  RLSE: 'rateLimitServiceError',
  DC: 'downstreamConnectionTermination',
  URX: 'upstreamRetryLimitExceeded',
  SI: 'streamIdleTimeout',
  IH: 'invalidEnvoyRequestHeaders',
  DPE: 'downstreamProtocolError',
  UMSDR: 'upstreamMaxStreamDurationReached',
  NFCF: 'noFilterConfigFound',
  DT: 'durationTimeout',
  UPE: 'upstreamProtocolError',
  NC: 'noClusterFound',
  OM: 'overloadManager',
  DF: 'dnsResolutionFailure',
  DR: 'downstreamRemoteReset',
};
const VERSIONS: Readonly<Record<string, string>> = { 'HTTP/1.0': 'HTTP10', 'HTTP/1.1': 'HTTP11', 'HTTP/2': 'HTTP2' };

/** What is written only where it is something: protobuf leaves out what is empty. */
function set(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value))) as JsonObject;
}

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined || value === '' || value === 0 || value === '0' || isEmptyObject(value);

const isEmptyObject = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

const valueOf = (name: string, context: FormatterContext): Json | undefined => operatorOf(name)!(context, '');
/** A 64-bit number is text in JSON. */
const long = (name: string, context: FormatterContext): string => String(valueOf(name, context) ?? 0);

function addressOf(text: Json | undefined): JsonObject | undefined {
  const [, address, port] = /^(.*):(\d+)$/.exec(String(text ?? '')) ?? [];
  return address === undefined ? undefined : { socketAddress: { address, portValue: Number(port) } };
}

function flagsOf(flags: string): JsonObject {
  const known = flags.split(',').flatMap((flag) => FLAG_FIELDS[flag] ?? []);
  const refused: JsonObject = flags.split(',').includes('UAEX')
    ? { unauthorizedDetails: { reason: 'EXTERNAL_SERVICE' } }
    : {};
  return { ...Object.fromEntries(known.map((name) => [name, true])), ...refused };
}

/** The headers that a logger asks for, several values of one name joined. */
function picked(headers: HeaderMap | undefined, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (headers?.has(name) === true ? [[name, headers.all(name).join(',')]] : [])),
  );
}

/** Which headers of a stream an entry has beside its own fields. */
export interface LoggedHeaders {
  readonly request: readonly string[];
  readonly response: readonly string[];
  readonly trailers: readonly string[];
}

export const loggedHeaders = (config: ConfigNode): LoggedHeaders => {
  const names = (field: string): string[] => config.texts(field).map((name) => name.toLowerCase());
  return {
    request: names('additional_request_headers_to_log'),
    response: names('additional_response_headers_to_log'),
    trailers: names('additional_response_trailers_to_log'),
  };
};

/** One stream as `data.accesslog.v3.HTTPAccessLogEntry`: grpc_access_log_utils.cc, http_grpc_access_log_impl.cc. */
export function httpLogEntry(context: FormatterContext, headers: LoggedHeaders): JsonObject {
  const { request, response, log, trailers } = context;
  return set({
    commonProperties: commonOf(context),
    protocolVersion: VERSIONS[String(log['protocol'])],
    request: set({
      requestMethod: request.get(':method'),
      scheme: request.get(':scheme'),
      authority: request.get(':authority'),
      path: request.get('x-envoy-original-path') ?? request.get(':path'),
      userAgent: request.get('user-agent'),
      referer: request.get('referer'),
      forwardedFor: request.get('x-forwarded-for'),
      requestId: request.get('x-request-id'),
      originalPath: request.get('x-envoy-original-path'),
      requestHeadersBytes: long('REQUEST_HEADERS_BYTES', context),
      requestBodyBytes: long('BYTES_RECEIVED', context),
      upstreamHeaderBytesSent: long('UPSTREAM_HEADER_BYTES_SENT', context),
      downstreamHeaderBytesReceived: long('DOWNSTREAM_HEADER_BYTES_RECEIVED', context),
      requestHeaders: picked(request, headers.request),
    }),
    response: set({
      responseCode: Number(log['code'] ?? 0),
      responseHeadersBytes: long('RESPONSE_HEADERS_BYTES', context),
      responseBodyBytes: long('BYTES_SENT', context),
      responseHeaders: picked(response, headers.response),
      responseTrailers: picked(trailers, headers.trailers),
      responseCodeDetails: log['details'],
      upstreamHeaderBytesReceived: long('UPSTREAM_HEADER_BYTES_RECEIVED', context),
      downstreamHeaderBytesSent: long('DOWNSTREAM_HEADER_BYTES_SENT', context),
    }),
  });
}

function commonOf(context: FormatterContext): JsonObject {
  const { log, facts, clusterName } = context;
  return set({
    downstreamRemoteAddress: addressOf(valueOf('DOWNSTREAM_REMOTE_ADDRESS', context)),
    downstreamLocalAddress: addressOf(valueOf('DOWNSTREAM_LOCAL_ADDRESS', context)),
    upstreamRemoteAddress: addressOf(facts.host?.address),
    upstreamCluster: clusterName,
    routeName: log['route'],
    responseFlags: flagsOf(String(log['flags'] ?? '')),
    upstreamTransportFailureReason: log['transport_failure'],
    upstreamRequestAttemptCount: Number(log['attempts'] ?? 0),
    downstreamWireBytesSent: long('DOWNSTREAM_WIRE_BYTES_SENT', context),
    downstreamWireBytesReceived: long('DOWNSTREAM_WIRE_BYTES_RECEIVED', context),
    upstreamWireBytesSent: long('UPSTREAM_WIRE_BYTES_SENT', context),
    upstreamWireBytesReceived: long('UPSTREAM_WIRE_BYTES_RECEIVED', context),
  });
}
