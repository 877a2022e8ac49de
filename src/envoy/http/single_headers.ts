/**
 * Headers that Envoy keeps once, values that are added joined by commas: those of http/header_map.h, and those that its
 * extensions register. Simplified: of requests and answers alike.
 */
export const SINGLE_HEADERS: ReadonlySet<string> = new Set(
  `
  accept accept-encoding access-control-request-method access-control-request-headers
  access-control-request-private-network authentication authorization cache-control content-encoding
  content-type grpc-accept-encoding grpc-timeout if-match if-modified-since if-none-match if-range
  if-unmodified-since origin pragma proxy-status referer user-agent via x-client-trace-id x-request-id
  x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto
  x-envoy-attempt-count x-envoy-decorator-operation x-envoy-downstream-service-cluster
  x-envoy-downstream-service-node x-envoy-external-address x-envoy-force-trace x-envoy-internal x-envoy-ip-tags
  x-envoy-is-timeout-retry x-envoy-original-host x-envoy-original-path x-envoy-original-url
  x-envoy-expected-rq-timeout-ms x-envoy-upstream-stream-duration-ms x-envoy-hedge-on-per-try-timeout
  x-envoy-retry-on x-envoy-retry-grpc-on x-envoy-max-retries x-envoy-retriable-status-codes
  x-envoy-retriable-header-names x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-timeout-ms
  x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response :authority :path
  access-control-allow-credentials access-control-allow-headers access-control-allow-methods
  access-control-allow-origin access-control-allow-private-network access-control-expose-headers
  access-control-max-age age date etag expires grpc-message grpc-status last-modified location server vary
  x-envoy-degraded x-envoy-immediate-health-check-fail x-envoy-ratelimited x-envoy-upstream-canary
  x-envoy-upstream-healthchecked-cluster x-envoy-upstream-service-time
  `
    .trim()
    .split(/\s+/),
);
