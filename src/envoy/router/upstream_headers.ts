import type { HeaderMap } from '../http/header_map.ts';

/** What a caller may ask of the router in headers, which do not go on. */
export const ROUTER_HEADERS: ReadonlySet<string> = new Set([
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-hedge-on-per-try-timeout',
]);

/** Methods that are not expected to have a body, and so do not say that they have none: http1/codec_impl.cc. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'CONNECT']);

/** Whether HTTP/1 has to say that a request has no body. */
export const saysEmptyBody = (headers: HeaderMap, body: string): boolean =>
  body === '' && !headers.has('content-length') && !BODILESS.has(headers.get(':method') ?? '');
