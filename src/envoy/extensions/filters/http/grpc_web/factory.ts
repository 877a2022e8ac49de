import { chargeGrpc, grpcMethodOf } from '../../../../grpc/method_stats.ts';
import { frameOf } from '../../../../grpc/frames.ts';
import { isGrpc, statusOfHttp } from '../../../../formatter/grpc_status.ts';
import { percentEncoded } from '../../../../http/grpc_local_reply.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { base64Of, bytesOfBase64 } from '../../../../matching/base64.ts';
import type { HttpResponse } from '../../../../seams.ts';

const BINARY = /^application\/grpc-web(\+proto)?$/;
const TEXT = /^application\/grpc-web-text(\+proto)?$/;
/** The frame of trailers has the highest bit of its first byte set. */
const TRAILERS_FLAG = '\u0080';

export const grpcWebFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.grpc_web',
  type: 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb',
  fidelity: { level: 'full', notSimulated: [] },
  compile: () => (callbacks) => new GrpcWebFilter(callbacks),
});

/** Turns what browsers can send into gRPC, and trailers into body: extensions/filters/http/grpc_web/grpc_web_filter.cc. */
class GrpcWebFilter implements HttpFilter {
  readonly #callbacks: FilterCallbacks;
  #isGrpcWeb = false;
  #answersText = false;

  constructor(callbacks: FilterCallbacks) {
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, requestBody } = this.#callbacks;
    const type = request.get('content-type') ?? '';
    const isText = TEXT.test(type);
    this.#isGrpcWeb = isText || BINARY.test(type);
    if (!this.#isGrpcWeb) return 'continue';
    request.remove('content-length');
    request.set('content-type', 'application/grpc');
    // The answer is what the client accepts, whatever it sent.
    this.#answersText = TEXT.test(request.get('accept') ?? '');
    request.set('te', 'trailers');
    request.set('grpc-accept-encoding', 'identity');
    if (!isText) return 'continue';
    const bytes = bytesOfBase64(requestBody);
    if (bytes) {
      this.#callbacks.requestBody = String.fromCharCode(...bytes);
      return 'continue';
    }
    // The headers have gone on by the time that the body shows it.
    this.#callbacks.dispatcher.post('grpc_web_bad_base64', () =>
      this.#callbacks.sendLocalReply({
        status: 400,
        body: 'Bad gRPC-web request, invalid base64 data.',
        details: 'grpc_base_64_decode_failed',
      }),
    );
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    if (!this.#isGrpcWeb) return response;
    const { headers, trailers } = response;
    this.#charge((trailers ?? headers).get('grpc-status'));
    const needsTransformation = !isGrpcResponse(response) && !isGrpcWebResponse(response);
    headers.set('content-type', this.#answersText ? 'application/grpc-web-text+proto' : 'application/grpc-web+proto');
    headers.remove('content-length');
    if (needsTransformation) return transformed(response);
    const lines = trailers?.pairs().map(([name, value]) => `${name}:${value}\r\n`) ?? [];
    const end = lines.length === 0 ? '' : TRAILERS_FLAG + frameOf(lines.join('')).slice(1);
    const body = this.#answersText ? encoded(response.body) + encoded(end) : response.body + end;
    return { status: response.status, headers, body };
  }

  #charge(status: string | undefined): void {
    const { cluster, stats, request } = this.#callbacks;
    if (cluster) chargeGrpc(stats, cluster, 'grpc-web', grpcMethodOf(request.get(':path') ?? ''), status);
  }
}

/** An answer without a body says that it is gRPC by its status: grpc/common.cc, isGrpcResponseHeaders. */
const isGrpcResponse = ({ status, headers, body, trailers }: HttpResponse): boolean =>
  body === '' && !trailers ? headers.has('grpc-status') : status === 200 && isGrpc(headers);

const isGrpcWebResponse = ({ status, headers }: HttpResponse): boolean =>
  status === 200 && BINARY.test((headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase());

/** What is no gRPC becomes the message of a status. */
function transformed(response: HttpResponse): HttpResponse {
  const { status, headers, body, trailers } = response;
  if (body === '' && !trailers) return response;
  headers.set('grpc-message', percentEncoded(body));
  headers.set('grpc-status', String(statusOfHttp(status)));
  headers.set('content-length', '0');
  return { status, headers, body: '', ...(trailers ? { trailers } : {}) };
}

const encoded = (text: string): string => base64Of(Uint8Array.from(text, (one) => one.charCodeAt(0) & 255));
