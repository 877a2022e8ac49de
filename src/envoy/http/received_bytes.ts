import type { Stream } from './stream.ts';
import { receivedBytes } from './wire_bytes.ts';

/** Notes how long a request was as its client sent it, for those who log. */
export function measureRequest({ request, requestBody, connection, facts }: Stream): void {
  if (connection.protocol === 'http1') {
    facts.received = receivedBytes(request, requestBody);
    return;
  }
  // HTTP/2 says the scheme, which is not in the message here.
  const scheme = ':scheme'.length + (connection.tls ? 'https' : 'http').length;
  facts.unpackedBytes = request.byteLength() + scheme;
}
