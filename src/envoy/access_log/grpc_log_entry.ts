import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { commonProperties, long, present, type CommonLogExtras } from './common_log_properties.ts';

/** Of other methods an entry says nothing. */
const METHODS: ReadonlySet<string> = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' '));
const VERSIONS: Readonly<Record<string, string>> = { 'HTTP/1.0': 'HTTP10', 'HTTP/1.1': 'HTTP11', 'HTTP/2': 'HTTP2' };

/** The headers that a logger asks for, several values of one name joined. */
function picked(headers: HeaderMap | undefined, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (headers?.has(name) === true ? [[name, headers.all(name).join(',')]] : [])),
  );
}

/** The status is one of them. */
const pickedOfResponse = ({ response, log }: FormatterContext, names: readonly string[]): JsonObject => ({
  ...(response && names.includes(':status') ? { ':status': String(log['code']) } : {}),
  ...picked(response, names),
});

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
export function httpLogEntry(context: FormatterContext, headers: LoggedHeaders, extras: CommonLogExtras): JsonObject {
  const { request, log, trailers } = context;
  return {
    ...present({
      commonProperties: commonProperties(context, extras),
      protocolVersion: VERSIONS[String(log['protocol'])],
    }),
    request: present({
      requestMethod: METHODS.has(request.get(':method') ?? '') ? request.get(':method') : undefined,
      scheme: request.get(':scheme'),
      authority: request.get(':authority'),
      path: request.get(':path'),
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
    response: present({
      responseCode: Number(log['code'] ?? 0),
      responseHeadersBytes: long('RESPONSE_HEADERS_BYTES', context),
      responseBodyBytes: long('BYTES_SENT', context),
      responseHeaders: pickedOfResponse(context, headers.response),
      responseTrailers: picked(trailers, headers.trailers),
      responseCodeDetails: log['details'],
      upstreamHeaderBytesReceived: long('UPSTREAM_HEADER_BYTES_RECEIVED', context),
      downstreamHeaderBytesSent: long('DOWNSTREAM_HEADER_BYTES_SENT', context),
    }),
  };
}

/** One connection as `data.accesslog.v3.TCPAccessLogEntry`: tcp_grpc_access_log_impl.cc. */
export const tcpLogEntry = (context: FormatterContext, extras: CommonLogExtras): JsonObject => ({
  commonProperties: commonProperties(context, extras),
  connectionProperties: present({
    receivedBytes: long('BYTES_RECEIVED', context),
    sentBytes: long('BYTES_SENT', context),
  }),
});
