import type { HeaderKeyFormat } from './header_key_format.ts';
import type { HttpResponse } from './http_response.ts';

const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Entity',
  423: 'Locked',
  424: 'Failed Dependency',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
  599: 'Last Unassigned Server Error Code',
};

/** The words that HTTP has for a status. */
export const reasonOf = (status: number): string => REASONS[status] ?? 'Unknown';

/** Whether the HTTP/1 codec has to say that there is no body. */
export function needsLength(response: HttpResponse): boolean {
  const hasNone = response.status < 200 || response.status === 204 || response.status === 304;
  const { headers } = response;
  return response.body === '' && !hasNone && !headers.has('content-length') && !headers.has('transfer-encoding');
}

/** The bytes of a response on an HTTP/1 connection; `connection` is what becomes of it, where that is said. */
export function encodeHttp1(
  response: HttpResponse,
  protocol: string,
  connection: 'close' | 'keep-alive' | undefined,
  format?: HeaderKeyFormat,
): string {
  const more = [
    ...(connection ? [['connection', connection] as const] : []),
    ...(needsLength(response) ? [['content-length', '0'] as const] : []),
  ];
  return encodeHttp1Head(response, protocol, more, format) + response.body;
}

/** Status line and headers, to the empty line behind them. */
export function encodeHttp1Head(
  { status, headers }: HttpResponse,
  protocol: string,
  more: readonly (readonly [string, string])[] = [],
  format?: HeaderKeyFormat,
): string {
  const line = `${protocol === 'HTTP/1.0' ? 'HTTP/1.0' : 'HTTP/1.1'} ${status} ${reasonOf(status)}`;
  // What the sender's spelling is kept of goes out as it came.
  const write = headers.spelling ?? format ?? ((name: string) => name);
  const lines = [...headers.pairs(), ...more].map(([name, value]) => `${write(name)}: ${value}`);
  return [line, ...lines, '', ''].join('\r\n');
}
