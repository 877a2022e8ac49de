import type { HeaderMap } from '../http/header_map.ts';
import { celOperator, typedCelOperator } from './cel_operator.ts';
import { header, responseHeader } from './header_value.ts';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';
import { responseHeadersBytes } from '../http/wire_bytes.ts';
import { uuid } from '../tracing/random_hex.ts';

const bytesOf = (headers: HeaderMap | undefined): number => headers?.byteLength() ?? 0;
/** What DECODED leaves as it is: nobody could read it, or it would end something. */
const STAY_ESCAPED = /[^!#-;=?-[\]_`a-z~]/g;
const escaped = (one: string): string => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
const unescaped = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

/** The query of the path, before a rewrite with ORIG, its escapes undone with DECODED. */
function queryOf(request: HeaderMap, which = ''): string | undefined {
  const path = (which === 'ORIG' ? request.get('x-envoy-original-path') : undefined) ?? request.get(':path') ?? '';
  const mark = path.indexOf('?');
  if (mark < 0) return undefined;
  const query = path.slice(mark + 1);
  return which === 'DECODED' ? unescaped(query).replace(STAY_ESCAPED, escaped) : query;
}

function queryParameter({ request }: FormatterContext, name: string): Value {
  const pairs = (queryOf(request) ?? '').split('&').map((pair) => {
    const mark = pair.indexOf('=');
    return mark < 0 ? ([pair, ''] as const) : ([pair.slice(0, mark), pair.slice(mark + 1)] as const);
  });
  const value = pairs.find(([key]) => key === name)?.[1];
  return value && unescaped(value);
}

/** Operators of the messages themselves. */
export const REQUEST_OPERATORS: Readonly<Record<string, Operator>> = {
  REQUEST_HEADER: ({ request }, argument) => header(request, argument),
  RESPONSE_HEADER: responseHeader,
  REQ_WITHOUT_QUERY: ({ request }, argument) => header(request, argument)?.split('?')[0],
  RESPONSE_TRAILER: ({ trailers }, argument) => header(trailers, argument),
  STREAM_INFO_REQ: ({ request }, argument) => header(request, argument),
  CEL: celOperator,
  TYPED_CEL: typedCelOperator,
  QUERY_PARAM: queryParameter,
  QUERY_PARAMS: ({ request }, argument) => queryOf(request, argument),
  REQUEST_HEADERS_BYTES: ({ request }) => bytesOf(request),
  RESPONSE_HEADERS_BYTES: ({ response, facts }) => responseHeadersBytes(response, facts.received?.closes === true),
  RESPONSE_TRAILERS_BYTES: ({ trailers }) => bytesOf(trailers),
  STREAM_ID: ({ request }) => request.get('x-request-id'),
  TRACE_ID: ({ facts }) => facts.traceId,
  SPAN_ID: ({ facts }) => facts.spanId,
  ROUTE_RESOLUTION_COUNT: ({ request }) => (request.has(':path') ? 1 : 0),
  CUSTOM_FLAGS: () => '',
  LISTENER_NAME: ({ facts }) => facts.listener.name,
  UNIQUE_ID: ({ facts }) => facts.random && uuid(facts.random),
  BYTES_RETRANSMITTED: () => 0,
  DOWNSTREAM_DETECTED_CLOSE_TYPE: () => 'Normal',
};
