import type { ConfigNode } from '../config_node.ts';
import { portOf } from '../network/address.ts';
import { HeaderMap } from './header_map.ts';
import { isUpgrade, upgradeOf } from './upgrades.ts';

/** A request as the codec hands it over, why it refused the bytes, or that its headers are not all there. */
export type Decoded =
  | {
      readonly kind: 'request';
      readonly headers: HeaderMap;
      readonly body: string;
      readonly protocol: string;
      readonly closes: boolean;
      /** A client of HTTP/1.0 has asked for it, and is told so. */
      readonly keepsAlive: boolean;
      /** False: a part of the body has yet to come. */
      readonly isComplete: boolean;
      /** Nothing of HTTP comes behind the headers: a switch of protocols, or CONNECT. */
      readonly isTunnel: boolean;
      /** Bytes behind it, of the next request or of the tunnel. */
      readonly rest: string;
    }
  | { readonly kind: 'error'; readonly status: number; readonly details: string; readonly protocol: string }
  | { readonly kind: 'incomplete' };

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What the parser knows: http1/legacy_parser. */
const METHODS: ReadonlySet<string> = new Set(
  'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(
    ' ',
  ),
);
/** A client may not have these taken out: http/utility.cc, sanitizeConnectionHeader. */
const KEPT: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

const refuse = (status: number, details: string, protocol = 'HTTP/1.1'): Extract<Decoded, { kind: 'error' }> => ({
  kind: 'error',
  status,
  details,
  protocol,
});
const CODEC_ERROR = refuse(400, 'http1.codec_error');

interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly version: string;
}

/** Reads the bytes of one HTTP/1 request as Envoy's codec judges them: http1/codec_impl.cc. */
export function decodeHttp1(raw: string, manager: ConfigNode): Decoded {
  const options = manager.child('http_protocol_options');
  const message = splitMessage(raw);
  if (!message) return isHopeless(raw, options) ? CODEC_ERROR : { kind: 'incomplete' };
  const head = readHead(message, options);
  if ('kind' in head) return head;
  const { headers } = head;
  const isTunnel = upgradeOf(headers) !== undefined;
  const read = isTunnel ? { body: '', isComplete: true, rest: message.rest } : readBody(message.rest, headers);
  return read === 'invalid' ? CODEC_ERROR : { kind: 'request', ...head, ...read, isTunnel };
}

type Head = Pick<Extract<Decoded, { kind: 'request' }>, 'headers' | 'protocol' | 'closes' | 'keepsAlive'>;

function readHead({ line, headerLines }: Message, options: ConfigNode | undefined): Head | Decoded {
  const start = readRequestLine(line, options);
  if (!start) return CODEC_ERROR;
  const isOld = start.version === '1.0' && options?.flag('accept_http_10') === true;
  if (start.version !== '1.1' && !isOld) return refuse(426, 'low_version');
  const headers = readHeaders(start.method, headerLines);
  if (!headers) return CODEC_ERROR;
  const fate = fateOf(headers, isOld);
  const fault = lengthFault(headers, options) ?? connectFault(start, headers) ?? removeNominated(headers);
  if (fault) return fault;
  const target = { text: start.target, mayBeAbsolute: options?.raw('allow_absolute_url') !== false };
  moveHost(headers, target, isOld ? options?.text('default_host_for_http_10') : undefined);
  if (!AUTHORITY.test(headers.get(':authority') ?? '')) return refuse(400, 'http.invalid_authority');
  return { headers, protocol: `HTTP/${start.version}`, ...fate };
}

const AUTHORITY = /^[^\s"<>\\^`{|}]*$/;

/** HTTP/1.1 keeps a connection unless it is told not to, HTTP/1.0 the other way round. */
function fateOf(headers: HeaderMap, isOld: boolean): { closes: boolean; keepsAlive: boolean } {
  const connection = (headers.get('connection') ?? '').toLowerCase();
  const keepsAlive = isOld && connection.includes('keep-alive');
  return { closes: connection.includes('close') || (isOld && !keepsAlive), keepsAlive };
}

interface Message {
  readonly line: string;
  readonly headerLines: readonly string[];
  readonly rest: string;
}

/** Undefined as long as the headers do not end. */
function splitMessage(raw: string): Message | undefined {
  const text = raw.replace(/^(\r?\n)+/, '');
  const end = /\r?\n\r?\n/.exec(text);
  if (!end) return undefined;
  // A line that begins with blank space goes on with the one before it.
  const head = text.slice(0, end.index).replace(/\r?\n[ \t]+/g, ' ');
  const [line = '', ...headerLines] = head.split(/\r?\n/);
  return { line, headerLines, rest: text.slice(end.index + end[0].length) };
}

/** A first line that is there and is none, or the beginning of something else. */
function isHopeless(raw: string, options: ConfigNode | undefined): boolean {
  const [line, more] = raw.replace(/^(\r?\n)+/, '').split(/\r?\n/, 2);
  if (more !== undefined) return readRequestLine(line!, options) === undefined;
  return line !== '' && !TOKEN.test(line!.split(' ', 1)[0]!);
}

function readRequestLine(line: string, options: ConfigNode | undefined): RequestLine | undefined {
  const [, method = '', target = '', version = ''] = /^(\S+) +(\S+) +HTTP\/(\d\.\d)$/.exec(line) ?? [];
  const isKnown = METHODS.has(method) || (options?.flag('allow_custom_methods') === true && TOKEN.test(method));
  const isTarget = method === 'CONNECT' || /^\/|^\*$|^[a-z][a-z\d+.-]*:\/\//i.test(target);
  return isKnown && isTarget ? { method, target, version } : undefined;
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

const MAX_PORT = 65_535;
const CONNECT_TARGET = /^(\[[\da-f:.]+\]|[a-z\d.+-]+):\d+$/i;

const isTarget = (target: string): boolean => CONNECT_TARGET.test(target) && portOf(target) <= MAX_PORT;

/** A CONNECT goes to a host and a port, and has no body. */
function connectFault({ method, target }: RequestLine, headers: HeaderMap): Decoded | undefined {
  if (method !== 'CONNECT') return undefined;
  if (!isTarget(target)) return refuse(400, 'http1.invalid_url');
  if (headers.has('transfer-encoding')) return refuse(501, 'http1.invalid_transfer_encoding');
  if (!headers.has('content-length')) return undefined;
  if (headers.get('content-length') !== '0') return refuse(400, 'http1.body_disallowed');
  headers.remove('content-length');
  return undefined;
}

function lengthFault(headers: HeaderMap, options: ConfigNode | undefined): Decoded | undefined {
  const lengths = headers.all('content-length');
  if (lengths.length > 1 || lengths.some((one) => !/^\d+$/.test(one))) return CODEC_ERROR;
  const encoding = headers.get('transfer-encoding')?.toLowerCase();
  if (encoding === undefined) return undefined;
  if (encoding !== 'chunked') return refuse(501, 'http1.invalid_transfer_encoding');
  if (lengths.length === 0) return undefined;
  if (options?.flag('allow_chunked_length') !== true)
    return refuse(400, 'http1.content_length_and_chunked_not_allowed');
  headers.remove('content-length');
  return undefined;
}

/** Takes out what the client calls a header of this connection alone; of TE only trailers go on. */
function removeNominated(headers: HeaderMap): Decoded | undefined {
  const names = isUpgrade(headers) ? [] : (headers.get('connection') ?? '').toLowerCase().split(/\s*,\s*/);
  if (names.some((name) => KEPT.has(name))) return refuse(400, 'http1.connection_header_rejected');
  for (const name of names) if (name !== 'te' && name !== 'close' && name !== '') headers.remove(name);
  const te = headers
    .get('te')
    ?.toLowerCase()
    .split(/\s*,\s*/);
  if (te?.includes('trailers') === true) headers.set('te', 'trailers');
  else headers.remove('te');
  return undefined;
}

/** Host becomes :authority; an absolute URL brings its own. Several Host lines are joined. */
function moveHost(
  headers: HeaderMap,
  { text: target, mayBeAbsolute }: { text: string; mayBeAbsolute: boolean },
  defaultHost: string | undefined,
): void {
  const absolute = !mayBeAbsolute ? undefined : /^(https?):\/\/([^/?#]*)(.*)$/i.exec(target);
  const hosts = headers.all('host');
  headers.remove('host');
  // The target of a CONNECT stands for Host, and is no path.
  if (headers.get(':method') === 'CONNECT') return headers.set(':authority', target);
  headers.set(':path', absolute ? (absolute[3]!.startsWith('/') ? absolute[3]! : `/${absolute[3]!}`) : target);
  const authority = absolute ? absolute[2] : hosts.length > 0 ? hosts.join(',') : defaultHost;
  if (authority !== undefined) headers.set(':authority', authority);
}

function readBody(rest: string, headers: HeaderMap): { body: string; rest: string; isComplete: boolean } | 'invalid' {
  const length = headers.get('content-length');
  if (length !== undefined) {
    const body = rest.slice(0, Number(length));
    return { body, rest: rest.slice(Number(length)), isComplete: body.length === Number(length) };
  }
  return headers.has('transfer-encoding') ? readChunks(rest) : { body: '', rest, isComplete: true };
}

/** Chunks to the last one, which has no size; trailers behind it are dropped. */
function readChunks(text: string): { body: string; rest: string; isComplete: boolean } | 'invalid' {
  let body = '';
  for (let left = text; ;) {
    const line = /^([\da-f]+)[^\n]*?\r?\n/i.exec(left);
    if (!line) return left === '' || /^[\da-f]+\r?$/i.test(left) ? { body, rest: '', isComplete: false } : 'invalid';
    const size = parseInt(line[1]!, 16);
    left = left.slice(line[0].length);
    if (size === 0) {
      const end = /^(?:[^\r\n]+\r?\n)*\r?\n/.exec(left);
      return end ? { body, rest: left.slice(end[0].length), isComplete: true } : { body, rest: '', isComplete: false };
    }
    body += left.slice(0, size);
    if (left.length <= size) return { body, rest: '', isComplete: false };
    left = left.slice(size).replace(/^\r?\n/, '');
  }
}
