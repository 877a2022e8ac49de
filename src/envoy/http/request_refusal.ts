import type { Connection } from '../seams.ts';
import type { HeaderMap } from './header_map.ts';
import { reasonOf } from './http1_codec.ts';
import type { ConnectionManagerSettings } from './settings.ts';

/** `:method` and `:path` are no header lines; `:authority` is the Host line. */
const PSEUDO_HEADERS = 2;

export interface RequestRefusal {
  readonly status: number;
  readonly details: string;
  readonly body?: string;
  readonly flags?: string;
  readonly closes?: boolean;
  /** The stream is reset, and has no answer. */
  readonly resets?: boolean;
}

const codecError = (status: number, details: string): RequestRefusal => ({
  status,
  details,
  body: reasonOf(status),
  flags: 'DPE',
});

/** The codec of HTTP/2 ends the stream by itself: http2/codec_impl.cc, onHeader. */
const reset = (details: string): RequestRefusal => ({ status: 0, details, flags: 'DR', resets: true });

/** What is refused before anything else is looked at; headers with underscores may be dropped on the way. */
export function refusalOf(
  headers: HeaderMap,
  connection: Connection,
  settings: ConnectionManagerSettings,
): RequestRefusal | undefined {
  const isHttp2 = connection.protocol === 'http2';
  const isLarge = headers.byteLength() > settings.maxHeadersBytes;
  if (isHttp2 && isLarge) return reset('http2.header_list_size_too_large');
  const isMany = headers.size - (isHttp2 ? 0 : PSEUDO_HEADERS) > settings.maxHeadersCount;
  if (isHttp2 && isMany) return reset('http2.too_many_headers');
  if (isLarge || isMany) return codecError(431, isLarge ? 'http1.headers_too_large' : 'http1.too_many_headers');
  const underscore = checkUnderscores(headers, settings);
  if (underscore)
    return isHttp2 ? reset('http2.unexpected_underscore') : codecError(400, 'http1.unexpected_underscore');
  if (headers.get(':authority') === undefined) return { status: 400, details: 'missing_host_header', closes: true };
  const path = headers.get(':path');
  return path === undefined || path.startsWith('/') ? undefined : { status: 404, details: 'absolute_path_rejected' };
}

/** Whether a name with an underscore refuses the request; such headers may be dropped. */
function checkUnderscores(headers: HeaderMap, { underscores }: ConnectionManagerSettings): boolean {
  if (underscores === undefined || underscores === 'ALLOW') return false;
  const names = headers.names().filter((name) => name.includes('_'));
  if (underscores === 'DROP_HEADER') headers.removeAll(new Set(names));
  return underscores === 'REJECT_REQUEST' && names.length > 0;
}
