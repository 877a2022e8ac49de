/** A word of Envoy's with what it means, and where Envoy's own documentation says so. */
export interface Meaning {
  readonly word: string;
  readonly sentence: string;
  readonly link: string;
}

const DOCS = 'https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration';
const FLAGS_PAGE = `${DOCS}/observability/access_log/usage#config-access-log-format-response-flags`;
const DETAILS_PAGE = `${DOCS}/http/http_conn_man/response_code_details`;

/** By the short names that `%RESPONSE_FLAGS%` writes: source/common/stream_info/utility.h. */
const FLAGS: Readonly<Record<string, string>> = {
  UH: 'The cluster had no healthy endpoint to send to.',
  UF: 'The connection to the upstream failed.',
  UO: 'A circuit breaker was open: the cluster held all that it may.',
  NR: 'No route fits the request, or no filter chain the connection.',
  URX: 'The retries, or the tries to connect, are used up.',
  NC: 'The route names a cluster that does not exist.',
  DT: 'The stream lasted longer than it may.',
  UC: 'The upstream closed the connection.',
  UT: 'The upstream did not answer in time.',
  LR: 'The stream was reset on this side.',
  UR: 'The upstream reset the stream.',
  UPE: 'The upstream broke the rules of its protocol.',
  DC: 'The client went away.',
  DR: 'The client reset the stream.',
  DPE: 'The client broke the rules of the protocol.',
  DI: 'A fault filter delayed the request.',
  FI: 'A fault filter answered in place of the upstream.',
  RL: 'A rate limit refused the request.',
  UAEX: 'An external authorization service refused the request.',
  RLSE: 'The rate limit service failed, and the filter is told to refuse then.',
  IH: 'A header that must be strict has a value that it may not have.',
  SI: 'The stream was idle for too long.',
  UMSDR: 'The request may not be sent upstream as it is.',
  RFCF: 'The answer came from a cache.',
  NFCF: 'A filter has no configuration yet: it is to come over ECDS.',
  OM: 'Envoy was short of memory and refused the request.',
  DF: 'The name of the upstream could not be resolved.',
  DO: 'The request was dropped because of overload.',
};

/** By the word before any braces: envoy/stream_info/stream_info.h, `ResponseCodeDetailValues`. */
const DETAILS: Readonly<Record<string, string>> = {
  via_upstream: 'The answer came from the upstream.',
  route_not_found: 'No virtual host or no route fits, so the connection manager answers 404 itself.',
  cluster_not_found: 'A route fits, but the cluster that it names does not exist.',
  no_healthy_upstream: 'Route and cluster exist, but the cluster has no endpoint that may be used.',
  direct_response: 'The route itself says what to answer; no cluster is asked.',
  upstream_reset_before_response_started: 'The upstream connection ended before an answer began.',
  upstream_reset_after_response_started: 'The upstream connection ended in the middle of an answer.',
  upstream_per_try_timeout: 'One try took longer than it may.',
  upstream_response_timeout: 'All tries together took longer than the route allows.',
  response_timeout: 'All tries together took longer than the route allows.',
  fault_filter_abort: 'The fault filter answered as it is told to.',
  rbac_access_denied_matched_policy: 'The RBAC filter refused the request.',
  local_rate_limited: 'The bucket of the local rate limit filter was empty.',
  jwt_authn_access_denied: 'The JWT filter found no token that fits.',
  cors_response: 'The CORS filter answered the preflight itself.',
  missing_host_header: 'The request has no Host header.',
  missing_path_rejected: 'The request has no path.',
  path_normalization_failed: 'The path has a form that the connection manager refuses.',
  downstream_remote_disconnect: 'The client went away before the answer.',
  'http1.codec_error': 'The bytes are not HTTP/1.1 as Envoy reads it.',
  low_version: 'HTTP/1.0 is not accepted here.',
  maintenance_mode: 'The cluster is in maintenance.',
  overload: 'A circuit breaker was open.',
};

/** What each flag of `NR`, `UF,URX`, … means; flags that are not listed are passed on without a sentence. */
export function explainFlags(flags: string): Meaning[] {
  return flags
    .split(',')
    .filter((flag) => flag !== '' && flag !== '-')
    .map((word) => ({ word, sentence: FLAGS[word] ?? '', link: FLAGS_PAGE }));
}

export function explainDetails(details: string): Meaning | undefined {
  if (details === '' || details === '-') return undefined;
  const word = details.split(/[{[]/)[0]!;
  return { word: details, sentence: DETAILS[word] ?? '', link: DETAILS_PAGE };
}
