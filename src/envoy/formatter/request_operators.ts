import type { HeaderMap } from '../http/header_map.ts';
import { celOperator } from './cel_operator.ts';
import { header } from './header_value.ts';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';
import { CLOSE_BYTES, DATE_BYTES } from '../http/wire_bytes.ts';

const bytesOf = (headers: HeaderMap | undefined): number => headers?.byteLength() ?? 0;
/** `:status` and its three digits, which are no header line here. */
const STATUS_BYTES = 10;

/** The date stands for itself. */
const untold = (response: HeaderMap): number => (response.get('date') === '<date>' ? DATE_BYTES : 0);

/** The query of the path, before a rewrite with ORIG. */
function queryOf(request: HeaderMap, which = ''): string | undefined {
  const path = (which === 'ORIG' ? request.get('x-envoy-original-path') : undefined) ?? request.get(':path') ?? '';
  const mark = path.indexOf('?');
  return mark < 0 ? undefined : path.slice(mark + 1);
}

function queryParameter({ request }: FormatterContext, name: string): Value {
  const pairs = (queryOf(request) ?? '').split('&').map((pair) => {
    const mark = pair.indexOf('=');
    return mark < 0 ? ([pair, ''] as const) : ([pair.slice(0, mark), pair.slice(mark + 1)] as const);
  });
  return pairs.find(([key]) => key === name)?.[1];
}

/** Operators of the messages themselves. */
export const REQUEST_OPERATORS: Readonly<Record<string, Operator>> = {
  REQUEST_HEADER: ({ request }, argument) => header(request, argument),
  REQ_WITHOUT_QUERY: ({ request }, argument) => header(request, argument)?.split('?')[0],
  RESPONSE_HEADER: ({ response }, argument) => header(response, argument),
  RESPONSE_TRAILER: ({ trailers }, argument) => header(trailers, argument),
  CEL: celOperator,
  QUERY_PARAM: queryParameter,
  QUERY_PARAMS: ({ request }, argument) => queryOf(request, argument),
  REQUEST_HEADERS_BYTES: ({ request }) => bytesOf(request),
  RESPONSE_HEADERS_BYTES: ({ response, facts }) =>
    response
      ? bytesOf(response) + STATUS_BYTES + untold(response) + (facts.received?.closes === true ? CLOSE_BYTES : 0)
      : 0,
  RESPONSE_TRAILERS_BYTES: ({ trailers }) => bytesOf(trailers),
  STREAM_ID: ({ request }) => request.get('x-request-id'),
  TRACE_ID: ({ facts }) => facts.traceId,
  ROUTE_RESOLUTION_COUNT: () => 1,
  CUSTOM_FLAGS: () => '',
  LISTENER_NAME: ({ facts }) => facts.listenerName,
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS: ({ localAddress }) => localAddress,
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT: ({ localAddress }) => localAddress.replace(/:\d+$/, ''),
  DOWNSTREAM_DIRECT_LOCAL_PORT: ({ localAddress }) => localAddress.slice(localAddress.lastIndexOf(':') + 1),
};
