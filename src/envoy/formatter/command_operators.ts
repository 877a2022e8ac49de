import type { Json } from '#api';
import type { HeaderMap } from '../http/header_map.ts';

/** What command operators are answered from. Absent where it does not exist yet, or never will. */
export interface FormatterContext {
  readonly request: HeaderMap;
  readonly response?: HeaderMap;
  readonly log: Readonly<Record<string, string | number>>;
  readonly routeMetadata: Json | undefined;
  readonly clusterMetadata: Json | undefined;
  readonly localAddress: string;
  readonly remoteAddress: string;
}

type Operator = (context: FormatterContext, argument: string) => string | undefined;

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);
const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));
const logged =
  (field: string): Operator =>
  ({ log }) =>
    log[field] === undefined ? undefined : String(log[field]);

/** `NAME?ALTERNATIVE`: the second header only if the first is missing; an empty first wins. */
function header(headers: HeaderMap | undefined, argument: string): string | undefined {
  const [name = '', alternative] = argument.toLowerCase().split('?');
  return headers?.get(name) ?? (alternative === undefined ? undefined : headers?.get(alternative));
}

/** A value inside filter metadata as `NAMESPACE:KEY:KEY`: text as it is, the rest as JSON. */
function metadata(root: Json | undefined, path: readonly string[]): string | undefined {
  let value: Json | undefined = root;
  for (const key of path) value = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined;
  return value === undefined || value === null ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
}

const upstreamAddress = (pick: (address: string) => string): Operator => ({ log }) =>
  log['upstream_host'] === undefined ? undefined : pick(String(log['upstream_host']));

/** `docs/configuration/observability/access_log/usage`. What is not here is refused or said to be not simulated. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  REQ: ({ request }, argument) => header(request, argument),
  RESP: ({ response }, argument) => header(response, argument),
  PROTOCOL: logged('protocol'),
  ROUTE_NAME: logged('route'),
  RESPONSE_CODE: ({ log }) => String(log['code'] ?? 0),
  RESPONSE_FLAGS: ({ log }) => String(log['flags'] ?? '-'),
  RESPONSE_CODE_DETAILS: logged('details'),
  UPSTREAM_CLUSTER: logged('cluster'),
  UPSTREAM_CLUSTER_RAW: logged('cluster'),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ log }) => String(log['attempts'] ?? 0),
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
  ENVIRONMENT: () => '-',
  METADATA: ({ routeMetadata, clusterMetadata }, argument) => {
    const [kind, ...path] = argument.split(':');
    return metadata(kind === 'ROUTE' ? routeMetadata : kind === 'CLUSTER' ? clusterMetadata : undefined, path);
  },
  CLUSTER_METADATA: ({ clusterMetadata }, argument) => metadata(clusterMetadata, argument.split(':')),
};

const OPERATOR = /%%|%([A-Z_0-9]+)(?:\(([^)]*)\))?(?::(\d+))?%/g;

/** A text with `%NAME(ARGUMENT):LENGTH%` in it, filled in. What has no value is empty. */
export function expand(template: string, context: FormatterContext): string {
  return template.replace(OPERATOR, (_, name?: string, argument = '', length?: string) => {
    if (name === undefined) return '%';
    const value = OPERATORS[name]?.(context, argument) ?? '';
    return length === undefined ? value : value.slice(0, Number(length));
  });
}

/** Names of Envoy's own operators that are known but not answered here. */
const NOT_SIMULATED =
  /^(START_TIME|EMIT_TIME|DURATION|COMMON_DURATION|REQUEST_DURATION|REQUEST_TX_DURATION|RESPONSE_DURATION|RESPONSE_TX_DURATION|BYTES_|REQUEST_HEADERS_BYTES|RESPONSE_HEADERS_BYTES|RESPONSE_TRAILERS_BYTES|UPSTREAM_|DOWNSTREAM_|DYNAMIC_METADATA|FILTER_STATE|UPSTREAM_FILTER_STATE|PER_REQUEST_STATE|CEL|TRAILER|GRPC_STATUS|REQUESTED_SERVER_NAME|HOSTNAME|FILTER_CHAIN_NAME|CONNECTION_|VIRTUAL_CLUSTER_NAME|CUSTOM_FLAGS|ACCESS_LOG_TYPE|STREAM_ID|UNIQUE_ID|TRACE_ID|SPAN_ID|TLS_JA|LOCAL_REPLY_BODY|RESPONSE_FLAGS_LONG|REQ_WITHOUT_QUERY|QUERY_PARAM|QUERY_PARAMS|PATH|COALESCE|BACKEND_|RESPONSE_BODY|REQUEST_BODY|SERVER_|WORKER_)/;

/** The first operator of a text that Envoy does not know, if there is one. */
export function unknownOperator(template: string): string | undefined {
  for (const [, name] of template.matchAll(OPERATOR)) {
    if (name !== undefined && !(name in OPERATORS) && !NOT_SIMULATED.test(name)) return name;
  }
  return undefined;
}
