import type { Json, JsonObject } from '#api';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { base64Of } from '../../../../matching/base64.ts';
import type { ProcessingMode } from './config.ts';

type Shows = (name: string) => boolean;

const PSEUDO = [':authority', ':path', ':method', ':scheme'];
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0) & 255);

/** Headers as the processor gets them: pseudo headers first, values as bytes. */
function headerList(headers: HeaderMap, first: readonly (readonly [string, string])[], shows: Shows): JsonObject {
  const rest = headers.pairs().filter(([name]) => !name.startsWith(':'));
  const all = [...first, ...rest].filter(([name]) => shows(name));
  const list: Json = all.map(([key, value]) => ({ key, rawValue: base64Of(bytesOf(value)) }));
  return list.length === 0 ? {} : { headers: list };
}

const httpHeaders = (headers: JsonObject, isEnd: boolean): JsonObject => ({
  headers,
  ...(isEnd ? { endOfStream: true } : {}),
});

export function requestHeadersMessage(request: HeaderMap, isEnd: boolean, shows: Shows): JsonObject {
  const pseudo = PSEUDO.filter((name) => request.has(name)).map((name) => [name, request.get(name)!] as const);
  return { requestHeaders: httpHeaders(headerList(request, pseudo, shows), isEnd) };
}

export const responseHeadersMessage = (
  headers: HeaderMap,
  status: number,
  isEnd: boolean,
  shows: Shows,
): JsonObject => ({ responseHeaders: httpHeaders(headerList(headers, [[':status', String(status)]], shows), isEnd) });

export const bodyMessage = (kind: 'requestBody' | 'responseBody', body: string, isEnd: boolean): JsonObject => ({
  [kind]: { ...(body === '' ? {} : { body: base64Of(bytesOf(body)) }), ...(isEnd ? { endOfStream: true } : {}) },
});

export const trailersMessage = (
  kind: 'requestTrailers' | 'responseTrailers',
  trailers: HeaderMap,
  shows: Shows,
): JsonObject => ({ [kind]: { trailers: headerList(trailers, [], shows) } });

/** What the first message of a stream says of the bodies that may follow. */
export const protocolConfig = ({ requestBody, responseBody }: ProcessingMode): JsonObject => ({
  ...(requestBody === 'NONE' ? {} : { requestBodyMode: requestBody }),
  ...(responseBody === 'NONE' ? {} : { responseBodyMode: responseBody }),
});
