import type { HeaderMap } from '../http/header_map.ts';

const CONDITIONS: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'reset',
  'reset-before-request',
  'http3-post-connect-failure',
]);
const GRPC_CONDITIONS: ReadonlySet<string> = new Set([
  'cancelled',
  'deadline-exceeded',
  'resource-exhausted',
  'unavailable',
  'internal',
]);

const isInteger = (value: string): boolean => /^\s*\+?\d+\s*$/.test(value);
const isListOf =
  (known: ReadonlySet<string>) =>
  (value: string): boolean =>
    value.split(',').every((one) => known.has(one.trim()));

const CHECKS: Readonly<Record<string, (value: string) => boolean>> = {
  'x-envoy-upstream-rq-timeout-ms': isInteger,
  'x-envoy-upstream-rq-per-try-timeout-ms': isInteger,
  'x-envoy-max-retries': isInteger,
  'x-envoy-retry-on': isListOf(CONDITIONS),
  'x-envoy-retry-grpc-on': isListOf(GRPC_CONDITIONS),
};

/** The first header of `strict_check_headers` with a value that means nothing: router.h, StrictHeaderChecker. */
export function invalidHeader(
  names: readonly string[],
  request: HeaderMap,
): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = request.get(name);
    if (value !== undefined && CHECKS[name]?.(value) === false) return { name, value };
  }
  return undefined;
}
