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
}

/** What is refused before anything else is looked at; headers with underscores may be dropped on the way. */
export function refusalOf(
  headers: HeaderMap,
  connection: Connection,
  settings: ConnectionManagerSettings,
): RequestRefusal | undefined {
  if (connection.protocol === 'http1') {
    const isLarge = headers.byteLength() > settings.maxHeadersBytes;
    const isMany = headers.size - PSEUDO_HEADERS > settings.maxHeadersCount;
    const details = isLarge ? 'http1.headers_too_large' : isMany ? 'http1.too_many_headers' : undefined;
    if (details !== undefined) return { status: 431, details, body: reasonOf(431), flags: 'DPE' };
  }
  const { underscores } = settings;
  for (const name of underscores === undefined ? [] : [...headers.names()]) {
    if (!name.includes('_')) continue;
    if (underscores === 'REJECT_REQUEST')
      return { status: 400, details: 'http1.unexpected_underscore', body: reasonOf(400), flags: 'DPE' };
    if (underscores === 'DROP_HEADER') headers.remove(name);
  }
  if (headers.get(':authority') === undefined) return { status: 400, details: 'missing_host_header', closes: true };
  const path = headers.get(':path');
  return path === undefined || path.startsWith('/') ? undefined : { status: 404, details: 'absolute_path_rejected' };
}
