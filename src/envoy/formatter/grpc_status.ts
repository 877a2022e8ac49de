import type { HeaderMap } from '../http/header_map.ts';

const NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];
const UNKNOWN = 2;
const INVALID_CODE = -1;
/** grpc/status.cc, httpToGrpcStatus. */
const OF_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** The gRPC status that an HTTP status stands for. */
export const statusOfHttp = (status: number): number => OF_HTTP[status] ?? UNKNOWN;

/** Whether a request, or the trailers-only answer to one, says that it is gRPC: grpc/common.cc. */
export const isGrpc = (headers: HeaderMap): boolean =>
  /^application\/grpc(\+|$)/.test(headers.get('content-type') ?? '');

interface Answered {
  readonly request: HeaderMap;
  readonly response?: HeaderMap;
  readonly trailers?: HeaderMap;
  readonly log: Readonly<Record<string, string | number>>;
}

/** The number of a gRPC answer: from the trailers, the headers, or made from the HTTP status. */
export function grpcStatusNumber({ request, response, trailers, log }: Answered): number | undefined {
  const given = trailers?.get('grpc-status') ?? response?.get('grpc-status');
  if (given !== undefined) return /^\d+$/.test(given) ? Number(given) : INVALID_CODE;
  if (!isGrpc(request)) return undefined;
  return OF_HTTP[Number(log['code'])] ?? UNKNOWN;
}

/** As text in the spelling asked for: CAMEL_STRING, SNAKE_STRING or NUMBER. An unknown number is written as it is. */
export function grpcStatus(answered: Answered, spelling: string): string | number | undefined {
  if (!isGrpc(answered.request)) return undefined;
  const number = grpcStatusNumber(answered);
  if (number === undefined || spelling === 'NUMBER') return number;
  const name = NAMES[number];
  if (name === undefined) return String(number);
  return spelling === 'SNAKE_STRING' && name !== 'OK' ? name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() : name;
}

export const GRPC_STATUS_NAMES: readonly string[] = NAMES.map((name) =>
  name === 'OK' ? name : name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase(),
);
