import type { ConfigNode } from '../config_node.ts';
import type { HttpResponse } from '../seams.ts';
import { HeaderMap } from './header_map.ts';
import { upgradeOf } from './upgrades.ts';

/** A request as the codec hands it over, or why it refused the bytes. */
export type Decoded =
  | {
      readonly kind: 'request';
      readonly headers: HeaderMap;
      readonly body: string;
      readonly protocol: string;
      readonly closes: boolean;
      readonly isComplete: boolean;
      /** Nothing of HTTP comes behind the headers: a switch of protocols, or CONNECT. */
      readonly isTunnel: boolean;
      /** Bytes behind it, of the next request or of the tunnel. */
      readonly rest: string;
    }
  | { readonly kind: 'error'; readonly status: number; readonly details: string; readonly protocol: string };

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  418: "I'm a teapot",
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The words that HTTP has for a status. */
export const reasonOf = (status: number): string => REASONS[status] ?? 'Unknown';

const refuse = (status: number, details: string, protocol = 'HTTP/1.1'): Decoded => ({
  kind: 'error',
  status,
  details,
  protocol,
});
const CODEC_ERROR = refuse(400, 'http1.codec_error');

/** Reads the bytes of one HTTP/1 request as Envoy's codec judges them: http1/codec_impl.cc. */
export function decodeHttp1(raw: string, manager: ConfigNode): Decoded {
  const { line, headerLines, rest } = splitMessage(raw);
  const start = readRequestLine(line);
  if (!start) return CODEC_ERROR;
  const { target, version } = start;
  const options = manager.child('http_protocol_options');
  const isOld = version === '1.0' && options?.flag('accept_http_10') === true;
  if (version !== '1.1' && !isOld) return refuse(426, 'low_version');
  const headers = readHeaders(start.method, headerLines);
  if (!headers) return CODEC_ERROR;
  const fault = targetFault(start) ?? lengthFault(headers, options);
  if (fault) return fault;
  moveHost(headers, target, isOld ? options?.text('default_host_for_http_10') : undefined);
  const closes = isOld || (headers.get('connection') ?? '').toLowerCase().includes('close');
  const request = { kind: 'request', headers, protocol: `HTTP/${version}`, closes } as const;
  if (upgradeOf(headers) !== undefined)
    return { ...request, body: '', isTunnel: true, isComplete: true, rest: tunnelBytes(raw) };
  const { body, rest: behind } = bodyOf(rest, headers);
  const isComplete = body.length >= Number(headers.get('content-length') ?? 0);
  return { ...request, body, isTunnel: false, isComplete, rest: behind };
}

function splitMessage(raw: string): { line: string; headerLines: string[]; rest: string } {
  const text = raw.replace(/\r?\n/g, '\n').replace(/^\n+/, '');
  const end = text.indexOf('\n\n');
  const [line = '', ...headerLines] = (end < 0 ? text.replace(/\n$/, '') : text.slice(0, end)).split('\n');
  return { line, headerLines, rest: end < 0 ? '' : text.slice(end + 2) };
}

const CONNECT_TARGET = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]]+):\d+$/i;
const targetFault = ({ method, target }: { method: string; target: string }): Decoded | undefined =>
  method === 'CONNECT' && !CONNECT_TARGET.test(target) ? refuse(400, 'http1.invalid_url') : undefined;
/** What stands behind the headers, as it came. */
const tunnelBytes = (raw: string): string => raw.replace(/^[^]*?\r?\n\r?\n/, '');

function readRequestLine(line: string): { method: string; target: string; version: string } | undefined {
  const [, method = '', target = '', version = ''] = /^(\S+) (\S+) HTTP\/(\d\.\d)$/.exec(line) ?? [];
  return TOKEN.test(method) ? { method, target, version } : undefined;
}

function readHeaders(method: string, lines: readonly string[]): HeaderMap | undefined {
  const headers = new HeaderMap([[':method', method]]);
  for (const one of lines) {
    const colon = one.indexOf(':');
    if (colon < 1 || !TOKEN.test(one.slice(0, colon))) return undefined;
    headers.add(one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim());
  }
  return headers;
}

function lengthFault(headers: HeaderMap, options: ConfigNode | undefined): Decoded | undefined {
  const length = headers.get('content-length');
  if (length !== undefined && !/^\d+$/.test(length)) return CODEC_ERROR;
  const encoding = headers.get('transfer-encoding')?.toLowerCase();
  if (encoding === undefined) return undefined;
  if (encoding !== 'chunked') return refuse(501, 'http1.invalid_transfer_encoding');
  if (length === undefined) return undefined;
  if (options?.flag('allow_chunked_length') !== true)
    return refuse(400, 'http1.content_length_and_chunked_not_allowed');
  headers.remove('content-length');
  return undefined;
}

/** Host becomes :authority; an absolute URL brings its own. Several Host lines are joined. */
function moveHost(headers: HeaderMap, target: string, defaultHost: string | undefined): void {
  const absolute = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(target);
  const hosts = headers.all('host');
  headers.remove('host');
  // The target of a CONNECT stands for Host, and is no path.
  if (headers.get(':method') === 'CONNECT') return headers.set(':authority', target);
  headers.set(':path', absolute ? (absolute[3]!.startsWith('/') ? absolute[3]! : `/${absolute[3]!}`) : target);
  const authority = absolute ? absolute[2] : hosts.length > 0 ? hosts.join(',') : defaultHost;
  if (authority !== undefined) headers.set(':authority', authority);
}

function bodyOf(rest: string, headers: HeaderMap): { body: string; rest: string } {
  const length = headers.get('content-length');
  if (length !== undefined) return { body: rest.slice(0, Number(length)), rest: rest.slice(Number(length)) };
  if (headers.get('transfer-encoding') === undefined) return { body: '', rest };
  let body = '';
  for (let left = rest; ;) {
    const size = parseInt(left, 16);
    const start = left.indexOf('\n') + 1;
    if (!(size > 0) || start === 0) return { body, rest: left.slice(start).replace(/^[^\n]*\n/, '') };
    body += left.slice(start, start + size);
    left = left.slice(start + size + 1);
  }
}

/** Whether the HTTP/1 codec has to say that there is no body. */
export function needsLength(response: HttpResponse): boolean {
  const hasNone = response.status < 200 || response.status === 204 || response.status === 304;
  return response.body === '' && !hasNone && response.headers.get('content-length') === undefined;
}

/** The bytes of a response on an HTTP/1 connection. */
export function encodeHttp1(response: HttpResponse, protocol: string, closes: boolean): string {
  const more = [...(closes ? ['connection: close'] : []), ...(needsLength(response) ? ['content-length: 0'] : [])];
  return encodeHttp1Head(response, protocol, more) + response.body;
}

/** Status line and headers, to the empty line behind them. */
export function encodeHttp1Head(
  { status, headers }: HttpResponse,
  protocol: string,
  more: readonly string[] = [],
): string {
  const line = `${protocol === 'HTTP/1.0' ? 'HTTP/1.0' : 'HTTP/1.1'} ${status} ${reasonOf(status)}`;
  return [line, ...headers.pairs().map((pair) => pair.join(': ')), ...more, '', ''].join('\r\n');
}
