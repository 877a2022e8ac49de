import type { HeaderMap } from '../http/header_map.ts';
import type { FormatterContext } from './formatter_context.ts';

type Find = (name: string) => string | undefined;

/** `NAME?ALTERNATIVE`: the second header only if the first is missing; an empty first wins. */
function found(argument: string, find: Find): string | undefined {
  const [name = '', alternative] = argument.toLowerCase().split('?');
  return find(name) ?? (alternative === undefined ? undefined : find(alternative));
}

export const header = (headers: HeaderMap | undefined, argument: string): string | undefined =>
  found(argument, (name) => headers?.get(name));

/** Of a response the status is a header as well. */
export const responseHeader = (
  { response, responseStatus, log }: FormatterContext,
  argument: string,
): string | undefined =>
  found(argument, (name) =>
    name === ':status' && response ? String(responseStatus ?? log['code']) : response?.get(name),
  );
