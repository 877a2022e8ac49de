import type { HeaderMap } from '../http/header_map.ts';

/** `NAME?ALTERNATIVE`: the second header only if the first is missing; an empty first wins. */
export function header(headers: HeaderMap | undefined, argument: string): string | undefined {
  const [name = '', alternative] = argument.toLowerCase().split('?');
  return headers?.get(name) ?? (alternative === undefined ? undefined : headers?.get(alternative));
}
