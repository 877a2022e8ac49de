import { HeaderMap, type HttpResponse } from '#envoy';

/** What bytes that should be an HTTP/1 response are so far. */
export type ReadResponse =
  | { readonly kind: 'incomplete'; readonly head?: HttpResponse }
  | { readonly kind: 'unreadable' }
  /** Status and headers of a switch of protocols, and the bytes behind them. */
  | { readonly kind: 'switched'; readonly head: HttpResponse; readonly rest: string }
  | { readonly kind: 'complete'; readonly response: HttpResponse; readonly continues: boolean };

const START = 'HTTP/1.';

/** Reads a response to a request of this method. With `isEnd` no more bytes follow, which ends a body without a length. */
export function readResponse(text: string, method: string, isEnd = false): ReadResponse {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return START.startsWith(text.slice(0, START.length)) ? { kind: 'incomplete' } : { kind: 'unreadable' };
  const head = readHead(text.slice(0, end));
  if (!head) return { kind: 'unreadable' };
  const rest = text.slice(end + 4);
  const { status, headers } = head;
  if (isSwitch(status, method)) return { kind: 'switched', head, rest };
  // What only says that the request may go on is followed by the answer.
  if (status < 200) {
    const after = readResponse(rest, method, isEnd);
    return after.kind === 'complete' ? { ...after, continues: true } : after;
  }
  const hasNone = method === 'HEAD' || status === 204 || status === 304;
  const body = hasNone ? '' : bodyOf(rest, headers, isEnd);
  if (body === 'unreadable') return { kind: 'unreadable' };
  return body === undefined
    ? { kind: 'incomplete', head: { ...head, body: rest } }
    : { kind: 'complete', response: { ...head, body }, continues: false };
}

const isSwitch = (status: number, method: string): boolean =>
  status === 101 || (method === 'CONNECT' && status >= 200 && status < 300);

function readHead(text: string): HttpResponse | undefined {
  const [start = '', ...lines] = text.split('\r\n');
  const [, status] = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(start) ?? [];
  if (status === undefined) return undefined;
  const headers = new HeaderMap();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return undefined;
    headers.add(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers, body: '' };
}

/** The body, or undefined as long as something of it is missing. */
function bodyOf(rest: string, headers: HeaderMap, isEnd: boolean): string | 'unreadable' | undefined {
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
    headers.remove('transfer-encoding');
    return chunksOf(rest);
  }
  const length = headers.get('content-length');
  if (length === undefined) return isEnd ? rest : undefined;
  if (!/^\d+$/.test(length)) return 'unreadable';
  return rest.length < Number(length) ? undefined : rest.slice(0, Number(length));
}

function chunksOf(text: string): string | 'unreadable' | undefined {
  let body = '';
  for (let left = text; ;) {
    const line = left.indexOf('\r\n');
    if (line < 0) return undefined;
    if (!/^[\da-f]+/i.test(left)) return 'unreadable';
    const size = parseInt(left, 16);
    if (size === 0) return left.includes('\r\n\r\n') ? body : undefined;
    if (left.length < line + 2 + size + 2) return undefined;
    body += left.slice(line + 2, line + 2 + size);
    left = left.slice(line + 2 + size + 2);
  }
}
