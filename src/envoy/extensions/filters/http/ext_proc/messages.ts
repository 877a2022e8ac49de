import type { Json, JsonObject } from '#api';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { base64Of } from '../../../../matching/base64.ts';
import type { ProcessingMode } from './config.ts';

const PSEUDO = [':authority', ':path', ':method', ':scheme'];
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0) & 255);

/** Headers as the processor gets them: pseudo headers first, values as bytes. */
function headerList(headers: HeaderMap, first: readonly (readonly [string, string])[]): Json {
  const rest = headers.pairs().filter(([name]) => !name.startsWith(':'));
  return [...first, ...rest].map(([key, value]) => ({ key, rawValue: base64Of(bytesOf(value)) }));
}

const httpHeaders = (list: Json, isEnd: boolean): JsonObject => ({
  headers: { headers: list },
  ...(isEnd ? { endOfStream: true } : {}),
});

export function requestHeadersMessage(request: HeaderMap, isEnd: boolean): JsonObject {
  const pseudo = PSEUDO.filter((name) => request.has(name)).map((name) => [name, request.get(name)!] as const);
  return { requestHeaders: httpHeaders(headerList(request, pseudo), isEnd) };
}

export const responseHeadersMessage = (headers: HeaderMap, status: number, isEnd: boolean): JsonObject => ({
  responseHeaders: httpHeaders(headerList(headers, [[':status', String(status)]]), isEnd),
});

export const bodyMessage = (kind: 'requestBody' | 'responseBody', body: string, isEnd: boolean): JsonObject => ({
  [kind]: { body: base64Of(bytesOf(body)), ...(isEnd ? { endOfStream: true } : {}) },
});

/** What the first message of a stream says of the bodies that may follow. */
export const protocolConfig = ({ requestBody, responseBody }: ProcessingMode): JsonObject => ({
  ...(requestBody === 'NONE' ? {} : { requestBodyMode: requestBody }),
  ...(responseBody === 'NONE' ? {} : { responseBodyMode: responseBody }),
});
