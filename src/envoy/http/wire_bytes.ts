import type { HeaderMap } from './header_map.ts';
import { reasonOf } from './http1_codec.ts';

/** How many bytes a message of HTTP/1 has as it travels, and how many of them Envoy counts as headers: bytes_meter. */
export interface WireBytes {
  readonly wire: number;
  readonly headers: number;
}

/** ` HTTP/1.1` and the end of the line. */
const VERSION_AND_END = 11;
/** `: ` and the end of the line; of what it receives Envoy counts one byte less. */
const AROUND_SENT = 4;
const AROUND_RECEIVED = 3;
const END_OF_LINE = 2;
/** `0` and two ends of a line. */
const LAST_CHUNK = 5;
const DATE = 'Thu, 01 Jan 1970 00:00:00 GMT';
/** What a date that is not told would add to its name. */
const DATE_BYTES = DATE.length - '<date>'.length;
/** `connection: close` as a header of its own. */
const CLOSE_BYTES = 'connection'.length + 'close'.length;

interface Lines {
  readonly count: number;
  readonly bytes: number;
}

/** Names and values of the lines; a pseudo header is none, but for the authority, which is `host`. */
function linesOf(headers: HeaderMap): Lines {
  let [count, bytes] = [0, 0];
  for (const [name, value] of headers.pairs()) {
    if (name.startsWith(':') && name !== ':authority') continue;
    count++;
    bytes += (name === ':authority' ? 'host' : name).length + (value === '<date>' ? DATE : value).length;
  }
  return { count, bytes };
}

const bodyBytes = (length: number, isChunked: boolean): number => {
  if (!isChunked) return length;
  return LAST_CHUNK + (length === 0 ? 0 : length.toString(16).length + 2 * END_OF_LINE + length);
};

function requestLine(headers: HeaderMap): number {
  const method = headers.get(':method') ?? '';
  return method.length + 1 + (headers.get(':path') ?? '').length + VERSION_AND_END;
}

/** A request as a client sent it. */
export function receivedRequest(headers: HeaderMap, bodyLength: number): WireBytes {
  const { count, bytes } = linesOf(headers);
  const body = bodyBytes(bodyLength, headers.has('transfer-encoding'));
  return {
    wire: requestLine(headers) + bytes + count * AROUND_SENT + END_OF_LINE + body,
    headers: bytes + count * AROUND_RECEIVED,
  };
}

const CHUNKED_LINE_BYTES = 'transfer-encodingchunked'.length + AROUND_SENT;

/** A request as it goes to an upstream; one of unknown length goes in chunks. */
export function sentRequest(headers: HeaderMap, bodyLength: number): WireBytes {
  const { count, bytes } = linesOf(headers);
  const saysChunked = headers.has('transfer-encoding');
  const isChunked = saysChunked || (bodyLength > 0 && !headers.has('content-length'));
  const lines = bytes + count * AROUND_SENT + (isChunked && !saysChunked ? CHUNKED_LINE_BYTES : 0);
  const body = bodyBytes(bodyLength, isChunked);
  return { wire: requestLine(headers) + lines + END_OF_LINE + body, headers: lines };
}

const statusLine = (status: number): number => VERSION_AND_END + 1 + String(status).length + reasonOf(status).length;

/** An answer as it came, with the lines of its connection, which nobody passes on. */
export function receivedResponse(status: number, all: readonly HeaderMap[], bodyLength: number): WireBytes {
  const lines = all.map(linesOf);
  const count = lines.reduce((sum, one) => sum + one.count, 0);
  const bytes = lines.reduce((sum, one) => sum + one.bytes, 0);
  const body = bodyBytes(
    bodyLength,
    all.some((headers) => headers.has('transfer-encoding')),
  );
  return {
    wire: statusLine(status) + bytes + count * AROUND_SENT + END_OF_LINE + body,
    headers: bytes + count * AROUND_RECEIVED,
  };
}

/** `content-length: 0`. */
const EMPTY_LINE_BYTES = 'content-length0'.length + AROUND_SENT;
const hasLength = (status: number): boolean => status >= 200 && status !== 204 && status !== 304;

/** An answer as it goes to the client, which may be told that the connection ends. */
export function sentResponse(
  status: number,
  headers: HeaderMap,
  { bodyLength, closes }: { bodyLength: number; closes: boolean },
): WireBytes {
  const { count, bytes } = linesOf(headers);
  const saysChunked = headers.has('transfer-encoding');
  const isChunked = saysChunked || (bodyLength > 0 && !headers.has('content-length'));
  const saysEmpty = bodyLength === 0 && !isChunked && !headers.has('content-length') && hasLength(status);
  const own =
    (closes ? CLOSE_BYTES + AROUND_SENT : 0) +
    (isChunked && !saysChunked ? CHUNKED_LINE_BYTES : 0) +
    (saysEmpty ? EMPTY_LINE_BYTES : 0);
  const lines = bytes + count * AROUND_SENT + own;
  return { wire: statusLine(status) + lines + END_OF_LINE + bodyBytes(bodyLength, isChunked), headers: lines };
}

/** `:status` and its three digits, which are no header line here. */
const STATUS_BYTES = 10;

/** Names and values of an answer's headers as Envoy counts them; the date stands for itself. */
export function responseHeadersBytes(headers: HeaderMap | undefined, closes: boolean): number {
  if (!headers) return 0;
  const untold = headers.get('date') === '<date>' ? DATE_BYTES : 0;
  return headers.byteLength() + STATUS_BYTES + untold + (closes ? CLOSE_BYTES : 0);
}
/** Before anything of the request is changed. */
export const receivedBytes = (request: HeaderMap, body: string): WireBytes & { readonly closes: boolean } => ({
  ...receivedRequest(request, body.length),
  closes: /\bclose\b/i.test(request.get('connection') ?? ''),
});
