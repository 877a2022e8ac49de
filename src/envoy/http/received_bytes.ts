import type { Stream } from './stream.ts';
import { receivedRequest } from './wire_bytes.ts';

/** Notes how long a request was as its client sent it, for those who log. */
export function measureRequest({ request, requestBody, connection, facts }: Stream): void {
  if (connection.protocol === 'http1') {
    const closes = /\bclose\b/i.test(request.get('connection') ?? '');
    facts.received = { ...receivedRequest(request, requestBody.length), closes };
    return;
  }
  // HTTP/2 says the scheme, which is not in the message here.
  const scheme = ':scheme'.length + (connection.tls ? 'https' : 'http').length;
  facts.unpackedBytes = request.byteLength() + scheme;
}
