import { statusOfHttp } from '../formatter/grpc_status.ts';

/** What a gRPC client is told instead of a status and a text: http/utility.cc, sendLocalReply. */
export function grpcHeaders(status: number, body: string, grpcStatus = statusOfHttp(status)): [string, string][] {
  const message: [string, string][] = body === '' ? [] : [['grpc-message', percentEncoded(body)]];
  return [['content-type', 'application/grpc'], ['grpc-status', String(grpcStatus)], ...message];
}

/** As `grpc-message` is written: http/utility.cc, PercentEncoding::encode. */
export const percentEncoded = (text: string): string =>
  text.replace(/[^\x20-\x24\x26-\x7d]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
