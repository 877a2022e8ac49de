import type { HeaderMap } from '../http/header_map.ts';
import type { HttpResponse } from '../http/http_response.ts';

/** The first message of a TLS connection, as far as anybody looks at it. */
export interface ClientHello {
  readonly sni?: string;
  readonly alpn?: readonly string[];
  readonly maxVersion?: string;
  /** The name of the certificate that the client would show: `certs/NAME.pem`. */
  readonly clientCertificate?: string;
}

/** What a server shows in its handshake. */
export interface ServerHello {
  /** The common name of its certificate. */
  readonly cn: string;
  readonly alpn?: string;
}

/**
 * What moves on a connection at once. Bytes are text, one character a byte. A whole HTTP message stands for its bytes
 * where both ends speak HTTP, so that nobody has to write and parse them. Under TLS that Envoy does not end, what is inside
 * passes through unseen.
 */
export type Payload =
  | { readonly kind: 'bytes'; readonly text: string }
  | {
      readonly kind: 'request';
      readonly protocol: 'http1' | 'http2';
      readonly headers: HeaderMap;
      readonly body: string;
      readonly trailers?: HeaderMap;
      /** The headers of HTTP/2 did not end the request, though no bytes come behind them. */
      readonly isOpen?: boolean;
    }
  | { readonly kind: 'response'; readonly response: HttpResponse }
  /** RST_STREAM: the client takes its HTTP/2 request back and keeps the connection. */
  | { readonly kind: 'rst_stream' }
  | { readonly kind: 'tls'; readonly hello?: ClientHello; readonly shown?: ServerHello; readonly inner: Payload };

export const bytes = (text: string): Payload => ({ kind: 'bytes', text });

/** Of a ClientHello without a server name. */
const CLIENT_HANDSHAKE_BYTES = 462;
/** Of a ServerHello with one certificate of usual size, and two session tickets. */
const SERVER_HANDSHAKE_BYTES = 1_880;
/** A certificate of its own says its name as subject, issuer and alternative name. */
const NAMES_IN_CERTIFICATE = 3;
const RECORD_BYTES = 22;

/** How many bytes it would take on the wire. Simplified: the handshakes of TLS have a fixed size beside their names. */
export function sizeOf(payload: Payload): number {
  switch (payload.kind) {
    case 'bytes':
      return payload.text.length;
    case 'request':
      return requestText(payload.headers, payload.body).length;
    case 'response':
      return responseSize(payload.response);
    case 'rst_stream':
      return 13;
    case 'tls':
      return (
        sizeOf(payload.inner) +
        RECORD_BYTES +
        (payload.hello ? CLIENT_HANDSHAKE_BYTES + (payload.hello.sni?.length ?? 0) : 0) +
        (payload.shown ? SERVER_HANDSHAKE_BYTES + NAMES_IN_CERTIFICATE * payload.shown.cn.length : 0)
      );
  }
}

/** As the bytes of HTTP/1: a status line of 17, and four for each header. */
const responseSize = ({ headers, body }: HttpResponse): number =>
  17 + headers.byteLength() + 4 * headers.size + 2 + body.length;

/** A request as the bytes of HTTP/1. */
export function requestText(headers: HeaderMap, body: string): string {
  const lines = headers
    .pairs()
    .filter(([name]) => !name.startsWith(':'))
    .map((pair) => pair.join(': '));
  return [
    `${headers.get(':method')} ${headers.get(':path') ?? headers.get(':authority')} HTTP/1.1`,
    ...(headers.has(':authority') ? [`host: ${headers.get(':authority')}`] : []),
    ...lines,
    '',
    body,
  ].join('\r\n');
}
