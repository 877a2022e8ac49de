import type { HeaderMap } from '../http/header_map.ts';
import type { Stream } from '../http/stream.ts';
import type { UpstreamRequest } from '../seams.ts';
import type { ConnPool } from '../upstream/conn_pool.ts';

const NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const BAD_VALUE = /[\0-\x08\n-\x1f\x7f]/;

/** Names that have passed, since most requests have the same few; bounded, since a client may invent them. */
const MAX_KNOWN = 1_000;
const known = new Set<string>();

function isName(name: string): boolean {
  if (known.has(name)) return true;
  if (!NAME.test(name)) return false;
  if (known.size < MAX_KNOWN) known.add(name);
  return true;
}

const NOBODY = { onReady: () => {}, onReply: () => {}, onOverflow: () => {} };

/** What keeps headers from being written, where a filter made them so: header_utility.cc, validateHeaders. */
export function headerFault(headers: HeaderMap): string | undefined {
  if (!headers.has(':method')) return 'missing required header: :method';
  const bad = headers.find((name, value) => BAD_VALUE.test(value) || !isName(name));
  if (!bad) return undefined;
  return isName(bad.name) ? `invalid header value for: ${bad.name}` : `invalid header name: ${bad.name}`;
}

interface Refused {
  readonly stream: Stream;
  readonly fault: string;
}

/** The stream has its connection, by when the body has come, and whose codec does not take the request. */
export function refuseToSend(
  router: { abandon(): void },
  pool: ConnPool,
  request: UpstreamRequest,
  { stream, fault }: Refused,
): void {
  router.abandon();
  pool.newStream({ ...request, isRefused: true }, NOBODY).cancel();
  stream.readBody();
  const details = `filter_removed_required_request_headers{${fault.replaceAll(' ', '_')}}`;
  stream.sendLocalReply(503, fault, 'DPE', details);
}
