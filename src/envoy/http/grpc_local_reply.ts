import type { HeaderMap } from './header_map.ts';

const UNKNOWN = 2;
/** grpc/common.cc, httpToGrpcStatus. */
const STATUS_OF: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

export const isGrpcRequest = (request: HeaderMap): boolean =>
  /^application\/grpc(\+|$)/.test(request.get('content-type') ?? '');

/** What a gRPC client is told instead of a status and a text: http/utility.cc, sendLocalReply. */
export function grpcHeaders(
  status: number,
  body: string,
  grpcStatus = STATUS_OF[status] ?? UNKNOWN,
): [string, string][] {
  const message: [string, string][] = body === '' ? [] : [['grpc-message', percentEncoded(body)]];
  return [['content-type', 'application/grpc'], ['grpc-status', String(grpcStatus)], ...message];
}

const percentEncoded = (text: string): string =>
  text.replace(/[^\x20-\x24\x26-\x7d]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
